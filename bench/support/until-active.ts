/** Waiting for all workers of a server: it says that it is ready with one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TurntableServer } from './turntable-server.ts';

const POLL_MS = 50;
const TIMEOUT_MS = 120_000;

/** Resolves when its table shows so many ACTIVE workers, of all models together. */
export async function untilActive(
  server: TurntableServer,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL('/workers', server.inferUrl);
  const givesUpAt = performance.now() + TIMEOUT_MS;
  for (;;) {
    server.assertRunning();
    const { workers } = (await (await fetch(url, { signal })).json()) as {
      workers: readonly { readonly status: string }[];
    };
    if (workers.filter(({ status }) => status === 'ACTIVE').length === count) return;
    if (performance.now() > givesUpAt) throw new Error(`of ${count} workers not all came to be ACTIVE`);
    await sleep(POLL_MS, undefined, { signal });
  }
}
