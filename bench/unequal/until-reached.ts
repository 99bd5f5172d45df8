/** Waiting until gateways reach all workers: one is ready with the first, and a run begins with all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readLoads } from '../support/read-loads.ts';
import type { BenchRedis } from '../support/redis-server.ts';

const POLL_MS = 50;
const TIMEOUT_MS = 20_000;

/** @param count of the workers in the table of that prefix, which one gateway serves */
export async function untilReached(
  redis: BenchRedis,
  prefix: string,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  const givesUpAt = performance.now() + TIMEOUT_MS;
  for (;;) {
    const loads = [...(await readLoads(redis, prefix)).values()].flat();
    if (loads.filter(({ reachable }) => reachable).length === count) return;
    if (performance.now() > givesUpAt) throw new Error('a gateway does not reach all its workers');
    await sleep(POLL_MS, undefined, { signal });
  }
}
