/**
 * Loaded by a gateway before its own modules (`node --import`): tells the benchmark, over the process's channel, when
 * the gateway's view of the table shows a change of a worker. All processes of a host share this clock.
 */
import { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import type { Sighting } from './propagation.ts';

const { ready } = RedisControlTable.prototype;

RedisControlTable.prototype.ready = async function (this: RedisControlTable, timeoutMs: number) {
  await ready.call(this, timeoutMs);
  this.subscribe((change) => {
    if (change.kind !== 'worker') return;
    const at_ns = Number(process.hrtime.bigint());
    const status = this.worker(change.id_worker)?.status;
    process.send?.({ id_worker: change.id_worker, status, at_ns } satisfies Sighting);
  });
};
