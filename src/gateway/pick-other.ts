/** Which worker takes a request that another has failed, or is slow over. */
import type { BalancePolicy, Chance } from '../balance/candidate.ts';
import type { WorkerLink } from './worker-link.ts';

/**
 * One that has a free slot, by the policy; else the least loaded: what is sent again is little, by its budget, and has
 * waited once already. Undefined when there is no other. Not one that is itself on trial.
 */
export function pickOther(
  usable: readonly WorkerLink[],
  not: WorkerLink,
  policy: BalancePolicy,
  chance: Chance,
): WorkerLink | undefined {
  const others = usable.filter((link) => link !== not && link.breaker.state === 'closed');
  const free = others[policy(others, chance)];
  if (free) return free;
  let least: WorkerLink | undefined;
  for (const link of others) if (!least || link.load < least.load) least = link;
  return least;
}
