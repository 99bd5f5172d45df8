/** Loading and unloading: brings what the repository holds together with what the supervisor serves. */
import {
  type ModelVersion,
  type RepositoryProblem,
  readModel,
  scanRepository,
} from '../repository/model-repository.ts';
import { modelRevision } from '../repository/model-revision.ts';
import type { ControlTable } from '../table/control-table.ts';
import { type CommandResult, type ModelCommand, type ModelRecord, modelKey } from '../table/model-record.ts';
import { until } from '../table/until.ts';
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

  /** @throws RepositoryError when the repository cannot be read */
  async check(): Promise<void> {
    await scanRepository(this.#options.root);
  }

  /**
   * Serves all that the repository holds, but what somebody has unloaded; what cannot be served is reported and
   * skipped.
   * @throws RepositoryError when the repository itself cannot be read
   */
  async loadAll(): Promise<void> {
    const scan = await scanRepository(this.#options.root);
    await this.#report(scan.problems);
    for (const version of scan.versions) {
      if (!this.#record(version.idModel, version.version)?.unloaded) await this.#serve(version);
    }
  }

  /** Carries out a command after the ones before it. */
  handle(command: ModelCommand): Promise<CommandResult> {
    const run = () => (command.action === 'load' ? this.#load(command) : this.#unload(command));
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #load({ id, id_model }: ModelCommand): Promise<CommandResult> {
    const { supervisor, root } = this.#options;
    let scan: Awaited<ReturnType<typeof readModel>>;
    try {
      scan = await readModel(root, id_model);
    } catch (error) {
      this.#options.log.error({ err: error }, 'the model repository cannot be read');
      // Where it lies is no business of the client.
      return { id, outcome: 'unavailable', message: 'the model repository cannot be read' };
    }
    // A name that somebody made up leaves no trace.
    if (scan.exists || this.#records(id_model).length > 0) await this.#report(scan.problems);
    if (scan.versions.length === 0)
      return failed(id, scan.problems.map((problem) => problem.message).join('; '));
    for (const version of scan.versions) await this.#serve(version);
    const progress = ({ version }: ModelVersion) => supervisor.progress(id_model, version);
    const settled = await this.#until(() =>
      scan.versions.every((version) => progress(version) !== 'starting'),
    );
    if (!settled) return failed(id, 'its workers did not become ready in time');
    const broken = scan.versions.filter((version) => progress(version) === 'failed');
    if (broken.length > 0) {
      for (const { version } of broken) this.#stamps.delete(modelKey(id_model, version));
      const reasons = broken.map(
        ({ version }) => `version ${version}: ${this.#record(id_model, version)?.reason}`,
      );
      return failed(id, reasons.join('; '));
    }
    // Only now, with their successors serving, do versions go that the policy no longer wants.
    for (const record of this.#records(id_model)) {
      if (scan.versions.some(({ version }) => version === record.version)) continue;
      if (supervisor.served(id_model, record.version)) {
        await supervisor.retire(id_model, record.version, 'no longer wanted by the version policy');
      } else if (!scan.problems.some((problem) => (problem.version ?? '') === record.version)) {
        await this.#options.table.removeModel(id_model, record.version);
      }
    }
    return { id, outcome: 'done', message: '' };
  }

  async #unload({ id, id_model }: ModelCommand): Promise<CommandResult> {
    const { supervisor } = this.#options;
    const records = this.#records(id_model);
    if (records.length === 0) return failed(id, `unknown model "${id_model}"`);
    for (const { version } of records) {
      const serves = supervisor.served(id_model, version) || supervisor.running(id_model, version) > 0;
      if (serves) await supervisor.unload(id_model, version);
      this.#stamps.delete(modelKey(id_model, version));
    }
    const gone = await this.#until(() =>
      records.every(({ version }) => this.#record(id_model, version)?.state !== 'UNLOADING'),
    );
    if (!gone) return failed(id, 'its workers did not drain in time');
    return { id, outcome: 'done', message: '' };
  }

  async #serve(version: ModelVersion): Promise<void> {
    const { supervisor, defaultReplicas } = this.#options;
    const { idModel, modelPath, platform, config } = version;
    const replicas = config.replicas ?? defaultReplicas;
    const revision = await modelRevision(version);
    const served = {
      id_model: idModel,
      version: version.version,
      modelPath,
      platform,
      config,
      replicas,
      revision,
    };
    const key = modelKey(idModel, version.version);
    const stamp = JSON.stringify(served);
    // Loading what is served already, from the same files, changes nothing.
    if (supervisor.served(idModel, version.version) && this.#stamps.get(key) === stamp) return;
    this.#stamps.set(key, stamp);
    await supervisor.serve(served);
  }

  /** Notes what is wrong with models that cannot be served, all that is wrong with one version together. */
  async #report(problems: readonly RepositoryProblem[]): Promise<void> {
    const { table, log, supervisor } = this.#options;
    for (const [, same] of Map.groupBy(problems, ({ idModel, version }) =>
      modelKey(idModel, version ?? ''),
    )) {
      const { idModel, version = '' } = same[0] as RepositoryProblem;
      const reason = same.map(({ message }) => message).join('; ');
      log.error({ id_model: idModel, version, reason }, 'model cannot be served; the others are');
      // What serves goes on serving as it was loaded.
      const serves = this.#records(idModel).some((record) => supervisor.served(idModel, record.version));
      if (version === '' ? serves : supervisor.served(idModel, version)) continue;
      await table.putModel({
        id_model: idModel,
        version,
        state: 'UNAVAILABLE',
        reason,
        platform: '',
        replicas: 0,
        max_batch_size: 0,
        max_queue_delay_us: 0,
        idempotent: this.#record(idModel, version)?.idempotent ?? true,
        signature: undefined,
        unloaded: false,
      });
    }
  }

  #records(id_model: string): readonly ModelRecord[] {
    return this.#options.table.view().models.filter((record) => record.id_model === id_model);
  }

  #record(id_model: string, version: string): ModelRecord | undefined {
    return this.#records(id_model).find((record) => record.version === version);
  }

  /** Waits for a condition of the table; false when it did not come in time. */
  #until(condition: () => boolean): Promise<boolean> {
    const { table, timeoutMs } = this.#options;
    return until(table, condition, AbortSignal.timeout(timeoutMs));
  }
}

function failed(id: string, message: string): CommandResult {
  return { id, outcome: 'failed', message };
}
