/**
 * Least connections: the worker with the fewest requests in flight takes the next one.
 *
 * Ties go to the one that was sent the fewest so far. Taking the first of the list instead would load the same worker
 * again and again while all are idle; a random choice is fair only on average; and rotation leaves standing what
 * differing service times have made unequal. Measured in `stale-load.test.ts` over 10,000 requests on four workers,
 * the largest distance from 2,500 falls from about 50 with rotation to about 6.
 */

export interface Candidate {
  /** Requests expected to be in flight there, over all gateways; see {@link expectedLoad}. */
  readonly load: number;
  /** Requests known to be in flight there. */
  readonly occupied: number;
  /** Requests that it can usefully hold. */
  readonly slots: number;
  /** Requests sent there so far, counted from where all began alike. */
  readonly sent: number;
}

/** The index of the candidate to take, or -1 when none has a free slot. One pass, no allocation. */
export function pickLeastConnections(candidates: readonly Candidate[]): number {
  let best = -1;
  let bestLoad = Number.POSITIVE_INFINITY;
  let bestSent = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const { load } = candidate;
    if (load > bestLoad || candidate.occupied >= candidate.slots) continue;
    const { sent } = candidate;
    if (load === bestLoad && sent >= bestSent) continue;
    best = index;
    bestLoad = load;
    bestSent = sent;
  }
  return best;
}

/**
 * Requests in flight at a worker as several gateways will have them there, each of which hears of the others' load a
 * tick late. Were each to fill the emptiest worker by what it last heard, all would fill it at once and overshoot by
 * as many times as there are gateways. So each takes the others to do what it has done itself since: of a gap, each
 * then fills its share. With one gateway it is the load itself.
 *
 * This is the basic load interpretation of Dahlin ("Interpreting stale load information", ICDCS 1999), with the
 * gateway's own requests for the arrivals that others see.
 *
 * @param others in flight there by the other gateways when they were last heard
 * @param ownThen in flight there by this one at that moment
 * @param ownNow in flight there by this one now
 * @param gateways how many there are, this one included
 */
export function expectedLoad(others: number, ownThen: number, ownNow: number, gateways: number): number {
  return Math.max(0, others + ownThen + gateways * (ownNow - ownThen));
}
