/**
 * Whether a request does better to wait for a faster worker than to take a slow one that is free.
 *
 * With two speeds the best rule is a threshold on the queue (Lin and Kumar, "Optimal control of a queueing system with
 * two heterogeneous servers", IEEE TAC 1984): a slow worker is used only once so much waits that waiting takes longer.
 * Here for any number: what the faster ones have in flight and what waits is worked off by all of them together.
 */
import type { Candidate } from './candidate.ts';

/**
 * A slow worker may take this many times what waiting would, and is still taken. What waiting takes is an estimate,
 * and those behind in the queue wait longer. Tried on the workers of `unequal-workers.test.ts`: at less than 1.5 the
 * median suffers at high load, from 3 on the 99th percentile gains little at low load.
 */
const PATIENCE = 2;

/**
 * Never when no faster worker has anything in flight: then nobody would come to take the request from the queue.
 * @param slow index of the candidate that could take it now
 * @param waiting requests that wait, this one included
 */
export function shouldWaitForFaster(
  candidates: readonly Candidate[],
  slow: number,
  waiting: number,
): boolean {
  const { serviceMs: slowMs, load: slowLoad } = candidates[slow] as Candidate;
  let ahead = waiting;
  let perMs = 0;
  for (let index = 0; index < candidates.length; index++) {
    const faster = candidates[index] as Candidate;
    const { serviceMs } = faster;
    if (serviceMs === 0 || serviceMs >= slowMs || faster.occupied === 0) continue;
    ahead += faster.load;
    perMs += 1 / serviceMs;
  }
  return perMs > 0 && (slowLoad + 1) * slowMs > (PATIENCE * ahead) / perMs;
}
