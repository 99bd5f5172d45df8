/** Random: any that has a free slot, each as likely as another. A baseline: it knows nothing of load. */
import type { Candidate, Chance } from './candidate.ts';
import { countFree, nthFree } from './free-slots.ts';

export function pickRandom(candidates: readonly Candidate[], chance: Chance): number {
  const free = countFree(candidates);
  return free === 0 ? -1 : nthFree(candidates, Math.floor(chance.random() * free));
}
