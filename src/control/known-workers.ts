/** The workers that a controller has started, or found in the table and adopted, with what it has seen of each. */
import type { TableView } from '../table/control-table.ts';
import { isSameVersion, type VersionName } from '../table/model-record.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import type { Wanted } from './wanted-versions.ts';

export interface KnownWorker extends VersionName {
  readonly id_worker: string;
  readonly generation: number;
  /** By this controller, or adopted by it; monotonic milliseconds, as those below. */
  readonly startedAt: number;
  readyAt: number | undefined;
  errorSince: number | undefined;
  /** Why its process ended; undefined while it runs, as far as known. */
  ended: string | undefined;
}

/** Of a worker that was found in the table with another revision than the one that is to be served. */
const EARLIER_GENERATION = 0;

export class KnownWorkers {
  readonly #workers = new Map<string, KnownWorker>();

  get(id_worker: string): KnownWorker | undefined {
    return this.#workers.get(id_worker);
  }

  list(): KnownWorker[] {
    return [...this.#workers.values()];
  }

  /** Takes note of one that is about to be started. */
  start(id_worker: string, wanted: Wanted, now: number): void {
    this.#add(id_worker, wanted, wanted.generation, now);
  }

  /** Takes over one that another controller, or this one in another life of it, has started. */
  adopt({ id_worker, supervised, status, revision }: WorkerRow, wanted: Wanted, now: number): void {
    if (!supervised || status === 'UPDATING' || this.#workers.has(id_worker)) return;
    const isCurrent = revision === wanted.served.revision;
    this.#add(id_worker, wanted, isCurrent ? wanted.generation : EARLIER_GENERATION, now);
  }

  forget(id_worker: string): void {
    this.#workers.delete(id_worker);
  }

  /** Workers of a version that have not ended: those in the table, and those on their way to it. */
  count(view: TableView, name: VersionName): number {
    let count = 0;
    const counted = new Set<string>();
    for (const row of view.workers) {
      if (!isSameVersion(row, name)) continue;
      count++;
      counted.add(row.id_worker);
    }
    for (const worker of this.#workers.values()) {
      if (isSameVersion(worker, name) && worker.ended === undefined && !counted.has(worker.id_worker))
        count++;
    }
    return count;
  }

  #add(id_worker: string, { served }: Wanted, generation: number, startedAt: number): void {
    const { id_model, version } = served;
    this.#workers.set(id_worker, {
      ...{ id_worker, id_model, version, generation, startedAt },
      ...{ readyAt: undefined, errorSince: undefined, ended: undefined },
    });
  }
}
