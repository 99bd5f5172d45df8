/** How a controller goes where another takes its place: its workers end one by one, each once it has a successor. */
import type { Provisioner } from '../provision/provisioner.ts';
import type { ControlTable } from '../table/control-table.ts';
import { isSameVersion, type VersionName } from '../table/model-record.ts';
import { until } from '../table/until.ts';
import type { WorkerRow } from '../table/worker-row.ts';

export interface HandOverOptions {
  readonly table: Pick<ControlTable, 'view' | 'subscribe'>;
  readonly provisioner: Pick<Provisioner, 'has' | 'drain'>;
  /** Of the controller that goes. */
  readonly id_controller: string;
  /** How long it may take in all, milliseconds. */
  readonly limitMs: number;
}

/**
 * Drains the workers of this process one after the other, each after as many of its version are there as before without
 * it, or as are wanted now. Those count that a controller keeps: whoever started others by hand may end them. One in
 * ERROR counts, for it has its place until it is replaced.
 * Resolves when none is left to be handed over, at once when there is no other controller to start successors, or
 * when the time is up.
 */
export async function handOver(options: HandOverOptions): Promise<void> {
  const { table, provisioner, id_controller, limitMs } = options;
  const timeUp = AbortSignal.timeout(limitMs);
  const hasSuccessor = () => {
    const { controllers, health } = table.view();
    const others = controllers.some((one) => one.id_controller !== id_controller);
    return others && health.available && !timeUp.aborted;
  };
  const keptOf = (version: VersionName) =>
    table.view().workers.filter((row) => isKept(row) && isSameVersion(row, version));
  const wantedOf = (version: VersionName) => {
    const record = table.view().models.find((one) => isSameVersion(one, version));
    return record && (record.state === 'READY' || record.state === 'LOADING') ? record.replicas : 0;
  };
  const before = table
    .view()
    .workers.filter(({ id_worker, status }) => status === 'ACTIVE' && provisioner.has(id_worker))
    .map((row) => ({ row, kept: keptOf(row).length }));
  for (const { row, kept } of before) {
    if (!hasSuccessor()) return;
    provisioner.drain(row.id_worker);
    await until(
      table,
      () => {
        const others = keptOf(row).filter(({ id_worker }) => id_worker !== row.id_worker);
        const drained = table
          .view()
          .workers.every((one) => one.id_worker !== row.id_worker || one.status !== 'ACTIVE');
        return (drained && others.length >= Math.min(kept, wantedOf(row))) || !hasSuccessor();
      },
      timeUp,
    );
  }
}

function isKept({ supervised, status }: WorkerRow): boolean {
  return supervised && (status === 'ACTIVE' || status === 'ERROR');
}
