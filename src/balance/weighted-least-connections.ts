/**
 * Weighted least connections: the worker that would have the fewest requests in flight for its weight.
 *
 * The request to be sent counts (HAProxy's `leastconn` does the same): without it all idle workers would be equal,
 * whatever their weight, and a light one would take as much as a heavy one as long as there is little to do.
 */
import type { Candidate } from './candidate.ts';
import { hasFreeSlot } from './free-slots.ts';

export function pickWeightedLeastConnections(candidates: readonly Candidate[]): number {
  let best = -1;
  let bestLoad = Number.POSITIVE_INFINITY;
  let bestSent = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const { weight } = candidate;
    const load = (candidate.load + 1) / weight;
    if (load > bestLoad || !hasFreeSlot(candidate)) continue;
    const sent = candidate.sent / weight;
    if (load === bestLoad && sent >= bestSent) continue;
    best = index;
    bestLoad = load;
    bestSent = sent;
  }
  return best;
}
