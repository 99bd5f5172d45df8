/** Waiting until a server that was just started answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnedProcess } from './owned-process.ts';

const POLL_MS = 50;
const START_TIMEOUT_MS = 60_000;

/** Resolves once a GET is answered with 200; throws when a process ends first, or when it takes too long. */
export async function waitUntilOk(
  url: string,
  processes: readonly OwnedProcess[],
  signal: AbortSignal,
): Promise<void> {
  const givesUpAt = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    signal.throwIfAborted();
    for (const process of processes) process.assertRunning();
    const response = await fetch(url, { signal }).catch(() => null);
    await response?.body?.cancel();
    if (response?.status === 200) return;
    if (performance.now() > givesUpAt)
      throw new Error(`${url} was not ready within ${START_TIMEOUT_MS / 1000} s`);
    await sleep(POLL_MS, undefined, { signal });
  }
}
