/** Loading and unloading: brings what the repository holds together with what the supervisor serves. */
import { stat } from 'node:fs/promises';
import {
  type ModelVersion,
  type RepositoryProblem,
  readModel,
  scanRepository,
} from '../repository/model-repository.ts';
import type { ControlTable } from '../table/control-table.ts';
import type { CommandResult, ModelCommand, ModelRecord } from '../table/model-record.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Supervisor } from './supervisor.ts';

export interface ModelLifecycleOptions {
  readonly root: string;
  readonly defaultReplicas: number;
  readonly supervisor: Supervisor;
  readonly table: ControlTable;
  readonly log: Logger;
  /** How long a load or unload waits for its workers, milliseconds. */
  readonly timeoutMs: number;
}

export class ModelLifecycle {
  readonly #options: ModelLifecycleOptions;
  /** What was served of a version's files when it was loaded, to see whether they have changed. */
  readonly #stamps = new Map<string, string>();
  /** Commands are carried out one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ModelLifecycleOptions) {
    this.#options = options;
  }

  /**
   * Serves all that the repository holds; what cannot be served is reported and skipped.
   * @throws RepositoryError when the repository itself cannot be read
   */
  async loadAll(): Promise<void> {
    const scan = await scanRepository(this.#options.root);
    for (const problem of scan.problems) await this.#report(problem);
    for (const version of scan.versions) await this.#serve(version);
  }

  /** Carries out a command after the ones before it. */
  handle(command: ModelCommand): Promise<CommandResult> {
    const run = () => (command.action === 'load' ? this.#load(command) : this.#unload(command));
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #load({ id, id_model }: ModelCommand): Promise<CommandResult> {
    const { supervisor } = this.#options;
    const scan = await readModel(this.#options.root, id_model);
    for (const problem of scan.problems) await this.#report(problem);
    if (scan.versions.length === 0) {
      return { id, ok: false, message: scan.problems.map((problem) => problem.message).join('; ') };
    }
    for (const version of scan.versions) await this.#serve(version);
    const settled = await this.#until(() =>
      scan.versions.every(({ version }) => {
        const state = this.#record(id_model, version)?.state;
        return state === 'READY' || state === 'UNAVAILABLE';
      }),
    );
    if (!settled) return { id, ok: false, message: `no worker of "${id_model}" became ready in time` };
    const failed = scan.versions
      .map(({ version }) => this.#record(id_model, version))
      .filter((record) => record?.state === 'UNAVAILABLE');
    if (failed.length > 0) {
      return {
        id,
        ok: false,
        message: failed.map((record) => `version ${record?.version}: ${record?.reason}`).join('; '),
      };
    }
    // Only now, with their successors serving, do versions go that the policy no longer wants.
    for (const record of this.#records(id_model)) {
      if (scan.versions.some(({ version }) => version === record.version)) continue;
      if (supervisor.served(id_model, record.version)) {
        await supervisor.retire(id_model, record.version, 'no longer wanted by the version policy');
      } else if (record.version === '') {
        await this.#options.table.removeModel(id_model, '');
      }
    }
    return { id, ok: true, message: '' };
  }

  async #unload({ id, id_model }: ModelCommand): Promise<CommandResult> {
    const { supervisor } = this.#options;
    const records = this.#records(id_model);
    if (records.length === 0) return { id, ok: false, message: `unknown model "${id_model}"` };
    for (const { version } of records) {
      if (supervisor.served(id_model, version)) await supervisor.retire(id_model, version, 'unloaded');
      this.#stamps.delete(`${id_model}/${version}`);
    }
    const gone = await this.#until(() =>
      records.every(({ version }) => supervisor.running(id_model, version) === 0),
    );
    return gone
      ? { id, ok: true, message: '' }
      : { id, ok: false, message: `"${id_model}" did not drain in time` };
  }

  async #serve(version: ModelVersion): Promise<void> {
    const { supervisor, defaultReplicas } = this.#options;
    const { idModel, modelPath, platform, config } = version;
    const replicas = config.replicas ?? defaultReplicas;
    const served = { id_model: idModel, version: version.version, modelPath, platform, config, replicas };
    const key = `${idModel}/${version.version}`;
    const stamp = JSON.stringify([served, await fileStamp(modelPath)]);
    // Loading what is served already, from the same files, changes nothing.
    if (supervisor.served(idModel, version.version) && this.#stamps.get(key) === stamp) return;
    this.#stamps.set(key, stamp);
    await supervisor.serve(served);
  }

  async #report(problem: RepositoryProblem): Promise<void> {
    const { table, log } = this.#options;
    const { idModel, message } = problem;
    const version = problem.version ?? '';
    log.error({ id_model: idModel, version, reason: message }, 'model cannot be served; the others are');
    // A version that serves goes on serving as it was loaded.
    if (this.#options.supervisor.served(idModel, version)) return;
    await table.putModel({
      id_model: idModel,
      version,
      state: 'UNAVAILABLE',
      reason: message,
      platform: '',
      replicas: 0,
      max_batch_size: 0,
      max_queue_delay_us: 0,
      signature: undefined,
    });
  }

  #records(id_model: string): readonly ModelRecord[] {
    return this.#options.table.view().models.filter((record) => record.id_model === id_model);
  }

  #record(id_model: string, version: string): ModelRecord | undefined {
    return this.#records(id_model).find((record) => record.version === version);
  }

  /** Waits for a condition of the table; false when it did not come in time. */
  #until(condition: () => boolean): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    const { table, timeoutMs } = this.#options;
    return new Promise((resolve) => {
      const finish = (met: boolean) => {
        clearTimeout(timer);
        unsubscribe();
        resolve(met);
      };
      const timer = setTimeout(() => finish(false), timeoutMs);
      const unsubscribe = table.subscribe(() => {
        if (condition()) finish(true);
      });
    });
  }
}

async function fileStamp(path: string): Promise<string> {
  const { mtimeMs, size } = await stat(path);
  return `${mtimeMs}:${size}`;
}
