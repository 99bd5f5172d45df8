/** What of a gateway's statement has to be said, when a part of it is known. */
import { isSameLoad, type WorkerLoad } from '../load-statement.ts';
import type { StatementChange } from './operations.ts';

/**
 * Notes what is said now as known; undefined where nothing of it is new.
 * @param known by worker; is changed
 */
export function takeChange(
  known: Map<string, WorkerLoad>,
  said: readonly WorkerLoad[],
): Pick<StatementChange, 'loads' | 'isAll'> | undefined {
  const loads: WorkerLoad[] = [];
  for (const load of said) {
    const before = known.get(load.id_worker);
    if (isSameLoad(before, load)) continue;
    known.set(load.id_worker, load);
    loads.push(load);
  }
  // A worker that is not spoken of any more can only be told by telling of all others.
  if (known.size > said.length) {
    known.clear();
    for (const load of said) known.set(load.id_worker, load);
    return { loads: said, isAll: true };
  }
  return loads.length > 0 ? { loads, isAll: false } : undefined;
}
