/** How a controller goes where another takes its place: its workers end one by one, each once it has a successor. */
import type { Provisioner } from '../provision/provisioner.ts';
import type { ControlTable } from '../table/control-table.ts';
import { isSameVersion, modelKey } from '../table/model-record.ts';
import { until } from '../table/until.ts';

export interface HandOverOptions {
  readonly table: ControlTable;
  readonly provisioner: Provisioner;
  /** Of the controller that goes. */
  readonly id_controller: string;
  /** How long it may take in all, milliseconds. */
  readonly limitMs: number;
}

/**
 * Drains the workers of this process one after the other, each after as many serve its version as before without it.
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
  const before = table.view().workers.filter(({ status }) => status === 'ACTIVE');
  const wanted = Map.groupBy(before, ({ id_model, version }) => modelKey(id_model, version));
  for (const row of before) {
    if (!provisioner.has(row.id_worker)) continue;
    if (!hasSuccessor()) return;
    const enough = wanted.get(modelKey(row.id_model, row.version))?.length ?? 0;
    provisioner.drain(row.id_worker);
    await until(
      table,
      () => {
        const { workers } = table.view();
        const serving = workers.filter((one) => isSameVersion(one, row) && one.status === 'ACTIVE');
        const drained = !serving.some(({ id_worker }) => id_worker === row.id_worker);
        return (drained && serving.length >= enough) || !hasSuccessor();
      },
      timeUp,
    );
  }
}
