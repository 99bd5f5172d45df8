/** Round-robin: each in turn, and who has no free slot is passed over. A baseline: it knows nothing of load. */
import type { Candidate, Chance } from './candidate.ts';
import { hasFreeSlot } from './free-slots.ts';

export function pickRoundRobin(candidates: readonly Candidate[], { turn }: Chance): number {
  const count = candidates.length;
  for (let step = 0; step < count; step++) {
    const index = (turn + step) % count;
    if (hasFreeSlot(candidates[index] as Candidate)) return index;
  }
  return -1;
}
