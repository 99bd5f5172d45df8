/**
 * Least connections: the worker with the fewest requests in flight takes the next one.
 *
 * Ties go to the first one at or after a starting point that the caller moves on with each choice. Taking the
 * first of the list instead would load the same worker again and again while all are idle; a random choice is
 * fair only on average (over 10,000 requests on 4 workers ±1.7 % at one standard deviation), rotation is exact.
 */

export interface Candidate {
  /** Requests in flight there, over all gateways as far as known. */
  readonly load: number;
  /** Requests that it can usefully hold. */
  readonly slots: number;
}

/**
 * The index of the candidate to take, or -1 when none has a free slot. One pass, no allocation.
 * @param start where the search begins; any integer from 0
 */
export function pickLeastConnections(candidates: readonly Candidate[], start: number): number {
  const count = candidates.length;
  let best = -1;
  let bestLoad = Number.POSITIVE_INFINITY;
  let index = count > 0 ? start % count : 0;
  for (let seen = 0; seen < count; seen++) {
    const candidate = candidates[index] as Candidate;
    if (candidate.load < bestLoad && candidate.load < candidate.slots) {
      best = index;
      bestLoad = candidate.load;
      if (bestLoad === 0) break;
    }
    index++;
    if (index === count) index = 0;
  }
  return best;
}
