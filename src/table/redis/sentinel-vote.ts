/** Whom the Sentinels name the master: what most of them say, because one that was cut off may be behind. */
import { TableAwayError } from './redis-errors.ts';
import { type HostPort, showAddress } from './redis-target.ts';

export interface SentinelVote {
  readonly master: HostPort;
  /** More than half of all Sentinels say so, counting those that do not answer. */
  readonly isMajority: boolean;
}

/**
 * Asks all at once and resolves as soon as a majority agrees, or when all have answered or failed.
 * @throws TableAwayError with what each said when none names a master
 */
export async function takeVote(
  sentinels: readonly HostPort[],
  ask: (sentinel: HostPort) => Promise<HostPort>,
): Promise<SentinelVote> {
  const votes = new Map<string, { readonly master: HostPort; count: number }>();
  const failures: unknown[] = [];
  return new Promise((resolve, reject) => {
    let unheard = sentinels.length;
    const settle = () => {
      const [best] = [...votes.values()].sort((a, b) => b.count - a.count);
      const isMajority = best !== undefined && 2 * best.count > sentinels.length;
      if (best && (isMajority || unheard === 0)) resolve({ master: best.master, isMajority });
      else if (unheard === 0) reject(TableAwayError.ofSeveral(failures));
    };
    for (const sentinel of sentinels) {
      void ask(sentinel)
        .then(
          (master) => {
            const vote = votes.get(showAddress(master)) ?? { master, count: 0 };
            vote.count++;
            votes.set(showAddress(master), vote);
          },
          (error) => failures.push(error),
        )
        .then(() => {
          unheard--;
          settle();
        });
    }
  });
}
