/**
 * Hot and cold, after Prequal (Wydrowski et al., "Load is not what you should balance", NSDI 2024, section 4): workers
 * with more in flight than the {@link COLD_QUANTILE} quantile are hot; of the cold ones that with the lowest latency
 * is taken, and when all with a free slot are hot, that with the least load.
 *
 * A worker of unknown latency is taken before the others, so that it becomes known; it cannot take everything, as it
 * is soon hot. Among equal latencies the load decides, then the requests sent.
 */
import type { Candidate } from './candidate.ts';
import { hasFreeSlot } from './free-slots.ts';
import { nthSmallest } from './nth-smallest.ts';

/** The value that the paper's authors run with. */
const COLD_QUANTILE = 0.84;

/** Loads of one choice, to look for their quantile. It only grows; nothing is read that the same choice did not write. */
let loads = new Float64Array(128);

export function pickHotCold(candidates: readonly Candidate[]): number {
  const coldLoad = quantileOfLoads(candidates);
  let best = -1;
  let bestHot = true;
  let bestLatencyMs = Number.POSITIVE_INFINITY;
  let bestLoad = Number.POSITIVE_INFINITY;
  let bestSent = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    if (!hasFreeSlot(candidate)) continue;
    const { load } = candidate;
    const hot = load > coldLoad;
    if (hot && !bestHot) continue;
    // Of the hot ones the latency is not asked for: they compare by load.
    const latencyMs = hot ? Number.POSITIVE_INFINITY : candidate.latencyMs;
    if (hot === bestHot) {
      if (latencyMs > bestLatencyMs) continue;
      if (latencyMs === bestLatencyMs) {
        if (load > bestLoad) continue;
        if (load === bestLoad && candidate.sent >= bestSent) continue;
      }
    }
    best = index;
    bestHot = hot;
    bestLatencyMs = latencyMs;
    bestLoad = load;
    bestSent = candidate.sent;
  }
  return best;
}

/** The load up to which a worker is cold. Rounded down, so that of a few workers the fullest can be hot, too. */
function quantileOfLoads(candidates: readonly Candidate[]): number {
  const count = candidates.length;
  if (count === 0) return 0;
  if (loads.length < count) loads = new Float64Array(2 * count);
  for (let index = 0; index < count; index++) loads[index] = (candidates[index] as Candidate).load;
  return nthSmallest(loads, count, Math.floor(COLD_QUANTILE * (count - 1)));
}
