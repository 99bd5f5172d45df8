/**
 * Loaded by the gateway before its own modules (`node --import`): tells the benchmark, over the process's channel, when
 * it may or may not send to a worker any more, as it states it in the table. What others read there comes later.
 */
import { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { epochMs } from './faults-run.ts';

/** Null while the gateway may send it requests; else why not. */
export type Standing = string | null;

export interface Turn {
  readonly id_worker: string;
  /** On the clock that all processes share. */
  readonly at_ms: number;
  readonly standing: Standing;
}

const { ready } = RedisControlTable.prototype;

RedisControlTable.prototype.ready = async function (this: RedisControlTable, timeoutMs: number) {
  await ready.call(this, timeoutMs);
  const before = new Map<string, Standing>();
  const look = (id_worker: string) => {
    const standing = standingOf(this, id_worker);
    if (before.get(id_worker) === standing) return;
    before.set(id_worker, standing);
    process.send?.({ id_worker, at_ms: epochMs(), standing } satisfies Turn);
  };
  this.subscribe((change) => {
    if (change.kind === 'worker') look(change.id_worker);
    else if (change.kind === 'load') {
      const all = () => this.view().workers.map(({ id_worker }) => id_worker);
      for (const id_worker of change.id_workers ?? all()) look(id_worker);
    }
  });
};

function standingOf(table: RedisControlTable, id_worker: string): Standing {
  // There is one gateway.
  const [load] = table.statementsOf(id_worker);
  if (load?.reachable === false) return 'not reachable';
  if (load && load.ejected !== '') return load.ejected;
  const row = table.worker(id_worker);
  if (row?.status !== 'ACTIVE') return row ? `${row.status}: ${row.reason}` : 'not in the table';
  return load ? null : 'not known to the gateway';
}
