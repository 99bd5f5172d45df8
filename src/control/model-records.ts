/** The records of model versions as the controller that acts writes them: what is to be served, and what is not any more. */
import type { ControlTable } from '../table/control-table.ts';
import { isSameVersion, type ModelRecord, type VersionName } from '../table/model-record.ts';
import type { ServedVersion } from './wanted-versions.ts';

export class ModelRecords {
  readonly #table: ControlTable;

  constructor(table: ControlTable) {
    this.#table = table;
  }

  get(name: VersionName): ModelRecord | undefined {
    return this.#table.view().models.find((model) => isSameVersion(model, name));
  }

  /** Says that a version is to be served; what is known of it from before stays. */
  async putServed(served: ServedVersion): Promise<void> {
    const { id_model, version, platform, replicas, config } = served;
    const before = this.get(served);
    const { workers } = this.#table.view();
    const serves = workers.some((row) => row.status === 'ACTIVE' && isSameVersion(row, served));
    await this.#table.putModel({
      id_model,
      version,
      platform,
      replicas,
      max_queue_delay_us: config.maxQueueDelayUs ?? 0,
      idempotent: config.idempotent ?? true,
      state: serves || before?.state === 'READY' ? 'READY' : 'LOADING',
      reason: '',
      max_batch_size: before?.max_batch_size ?? 0,
      signature: before?.signature,
      unloaded: false,
    });
  }

  /** Changes something of a record, if there is one. */
  async change(name: VersionName, more: Partial<ModelRecord>): Promise<void> {
    const record = this.get(name);
    if (record) await this.#table.putModel({ ...record, ...more });
  }
}
