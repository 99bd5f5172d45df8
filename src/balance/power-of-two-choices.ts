/**
 * Power of two choices: of two workers drawn at random the one with fewer requests in flight.
 *
 * The longest queue falls from log n / log log n to log log n / log 2 (Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", IEEE TPDS 2001), without a herd onto whoever was emptiest by stale news. Both are drawn
 * among those with a free slot: a draw over all would let requests wait beside an idle worker.
 */
import type { Candidate, Chance } from './candidate.ts';
import { countFree, nthFree } from './free-slots.ts';

export function pickPowerOfTwoChoices(candidates: readonly Candidate[], chance: Chance): number {
  const free = countFree(candidates);
  if (free < 2) return nthFree(candidates, 0);
  const first = Math.floor(chance.random() * free);
  // Of the free - 1 others each is as likely: those from the first on move up by one.
  const other = Math.floor(chance.random() * (free - 1));
  const one = nthFree(candidates, first);
  const two = nthFree(candidates, other < first ? other : other + 1);
  return isEmptier(candidates[two] as Candidate, candidates[one] as Candidate) ? two : one;
}

function isEmptier(candidate: Candidate, than: Candidate): boolean {
  const { load } = candidate;
  const { load: thanLoad } = than;
  return load < thanLoad || (load === thanLoad && candidate.sent < than.sent);
}
