/**
 * Shortest expected delay: the worker that would be done first with what it has and one more, by the time that it was
 * measured to need for each.
 *
 * Measured times of equal workers differ by chance. Would the least of them win, one worker took all while most are
 * idle. So of workers with equal load those that are within {@link ALIKE} of the best count as alike, and the one that
 * was sent the fewest takes it; which also gives back what a worker missed while its mean was too high by chance.
 *
 * A worker whose time is unknown counts as the fastest that is known: it is tried, and as what it holds counts as for
 * any other, it cannot take everything before it has answered once.
 *
 * Waiting for a busy worker can be shorter than a slow one that is free: then nobody is taken, see `wait-for-faster.ts`.
 */
import type { Candidate, Chance } from './candidate.ts';
import { hasFreeSlot } from './free-slots.ts';
import { shouldWaitForFaster } from './wait-for-faster.ts';

/** Service times of which one is up to this many times the other count as alike. */
const ALIKE = 1.3;

/** Those as fast as the fastest, but for chance, are equal: then the load alone decides, as with least connections. */
function serviceOf({ serviceMs }: Candidate, fastestMs: number): number {
  return serviceMs <= ALIKE * fastestMs ? fastestMs : serviceMs;
}

export function pickShortestExpectedDelay(candidates: readonly Candidate[], { waiting }: Chance): number {
  const fastestMs = fastestService(candidates);
  let quickest = -1;
  let quickestMs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    if (!hasFreeSlot(candidate)) continue;
    const delayMs = (candidate.load + 1) * serviceOf(candidate, fastestMs);
    if (delayMs >= quickestMs) continue;
    quickest = index;
    quickestMs = delayMs;
  }
  if (quickest === -1 || shouldWaitForFaster(candidates, quickest, waiting)) return -1;
  return leastSentAlike(candidates, quickest, quickestMs, fastestMs);
}

/** Of those with a known time; 1 where none is, so that the load alone decides. */
function fastestService(candidates: readonly Candidate[]): number {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const { serviceMs } = candidates[index] as Candidate;
    if (serviceMs > 0 && serviceMs < fastestMs) fastestMs = serviceMs;
  }
  return fastestMs === Number.POSITIVE_INFINITY ? 1 : fastestMs;
}

function leastSentAlike(
  candidates: readonly Candidate[],
  quickest: number,
  quickestMs: number,
  fastestMs: number,
): number {
  const { load } = candidates[quickest] as Candidate;
  const alikeMs = quickestMs * ALIKE;
  let best = quickest;
  let bestSent = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    if (candidate.load !== load || !hasFreeSlot(candidate)) continue;
    const { sent } = candidate;
    if (sent >= bestSent || (load + 1) * serviceOf(candidate, fastestMs) > alikeMs) continue;
    best = index;
    bestSent = sent;
  }
  return best;
}
