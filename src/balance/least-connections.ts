/**
 * Least connections: the worker with the fewest requests in flight takes the next one.
 *
 * Ties go to the one that was sent the fewest so far. Taking the first of the list instead would load the same worker
 * again and again while all are idle; a random choice is fair only on average; and rotation leaves standing what
 * differing service times have made unequal. Measured in `stale-load.test.ts` over 10,000 requests on four workers,
 * the largest distance from 2,500 falls from about 50 with rotation to about 6.
 */
import type { Candidate } from './candidate.ts';
import { hasFreeSlot } from './free-slots.ts';

export function pickLeastConnections(candidates: readonly Candidate[]): number {
  let best = -1;
  let bestLoad = Number.POSITIVE_INFINITY;
  let bestSent = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const { load } = candidate;
    if (load > bestLoad || !hasFreeSlot(candidate)) continue;
    const { sent } = candidate;
    if (load === bestLoad && sent >= bestSent) continue;
    best = index;
    bestLoad = load;
    bestSent = sent;
  }
  return best;
}
