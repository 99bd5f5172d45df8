/** The supervisor: keeps as many workers of each model version as are wanted, and writes their rows. */
import type { Provisioner, WorkerEvent } from '../provision/provisioner.ts';
import type { ControlTable } from '../table/control-table.ts';
import { isSameVersion, type ModelRecord, type VersionName } from '../table/model-record.ts';
import { newWorkerId } from '../table/worker-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ControlLoop } from './control-loop.ts';
import {
  decideReplicas,
  type ReplicaAction,
  type ReplicaObservation,
  type SupervisedWorker,
} from './decide-replicas.ts';
import { type ServedVersion, WantedVersions } from './wanted-versions.ts';

export interface SupervisorOptions {
  readonly table: ControlTable;
  readonly provisioner: Provisioner;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly random64: () => bigint;
  readonly errorGraceMs: number;
  readonly startTimeoutMs: number;
}

interface Supervised {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly generation: number;
  readonly startedAt: number;
  readyAt: number | undefined;
  errorSince: number | undefined;
}

const INTERVAL_MS = 100;
/** A worker that served for this long was sound; its death starts the count of failures anew. */
const SOUND_AFTER_MS = 10_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #wanted = new WantedVersions();
  readonly #workers = new Map<string, Supervised>();
  readonly #loop: ControlLoop<ReplicaObservation, ReplicaAction>;
  /** Events of workers are applied one after the other, in their order. */
  #events: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#loop = new ControlLoop({
      name: 'supervisor',
      intervalMs: INTERVAL_MS,
      observe: () => this.#observe(),
      decide: decideReplicas,
      act: (action) => this.#act(action),
      log: options.log,
    });
    options.provisioner.onEvent((event) => {
      this.#events = this.#events
        .then(() => this.#onEvent(event))
        .catch((error: unknown) => options.log.error({ err: error, event }, 'a worker event was not applied'))
        .finally(() => this.#loop.kick());
    });
  }

  start(): void {
    this.#loop.start();
  }

  /**
   * Serves a version from now on, or replaces how it is served; its record says LOADING until a worker is ready.
   * Where something is served already, that goes on until its successors serve, and stays if these do not load.
   */
  async serve(served: ServedVersion): Promise<void> {
    this.#wanted.add(served);
    const before = this.#record(served.id_model, served.version);
    await this.#options.table.putModel({
      id_model: served.id_model,
      version: served.version,
      platform: served.platform,
      replicas: served.replicas,
      max_queue_delay_us: served.config.maxQueueDelayUs ?? 0,
      state: before?.state === 'READY' ? 'READY' : 'LOADING',
      reason: '',
      max_batch_size: before?.max_batch_size ?? 0,
      signature: before?.signature,
    });
    this.#loop.kick();
  }

  /**
   * How far a version has come. serving: all its workers are of the newest generation and ready. failed: the newest
   * does not load, or the version is not served.
   */
  progress(id_model: string, version: string): 'serving' | 'starting' | 'failed' {
    const wanted = this.#wanted.get({ id_model, version });
    if (!wanted || !this.#wanted.isNewest(wanted)) return 'failed';
    let current = 0;
    for (const row of this.#options.table.view().workers) {
      if (!isSameVersion(row, { id_model, version }) || row.status !== 'ACTIVE') continue;
      if (this.#workers.get(row.id_worker)?.generation !== wanted.generation) return 'starting';
      current++;
    }
    return current >= wanted.served.replicas ? 'serving' : 'starting';
  }

  /** What is served of a version now, if it is. */
  served(id_model: string, version: string): ServedVersion | undefined {
    return this.#wanted.get({ id_model, version })?.served;
  }

  /** Stops serving a version: its workers drain and go. */
  async retire(id_model: string, version: string, reason: string): Promise<void> {
    this.#wanted.drop({ id_model, version });
    const record = this.#record(id_model, version);
    const left = this.#workersOf(id_model, version).length > 0;
    if (record)
      await this.#options.table.putModel({ ...record, state: left ? 'UNLOADING' : 'UNAVAILABLE', reason });
    this.#loop.kick();
  }

  /** Workers of a version that have not ended. */
  running(id_model: string, version: string): number {
    return this.#workersOf(id_model, version).length;
  }

  /** Retires all and ends all processes. */
  async close(): Promise<void> {
    this.#wanted.clear();
    await this.#loop.stop();
    for (const worker of this.#workers.values()) {
      await this.#options.table.transition(worker.id_worker, 'ACTIVE', 'UPDATING', 'shutting down');
    }
    await this.#options.provisioner.close();
    await this.#events;
  }

  #observe(): ReplicaObservation {
    const { table, now, errorGraceMs, startTimeoutMs } = this.#options;
    const workers: SupervisedWorker[] = [];
    for (const worker of this.#workers.values()) {
      const status = table.worker(worker.id_worker)?.status;
      if (status !== 'ERROR') worker.errorSince = undefined;
      else worker.errorSince ??= now();
      workers.push({ ...worker, status });
    }
    return { wanted: this.#wanted.list(), workers, now: now(), errorGraceMs, startTimeoutMs };
  }

  async #act(action: ReplicaAction): Promise<void> {
    switch (action.type) {
      case 'start':
        this.#startWorker(action.id_model, action.version);
        return;
      case 'retire':
        // A starting worker has no row to mark, or one that may be removed as it is.
        await this.#options.table.transition(
          action.id_worker,
          'ACTIVE',
          'UPDATING',
          'replaced or not wanted any more',
        );
        this.#workers.delete(action.id_worker);
        this.#options.provisioner.drain(action.id_worker);
        return;
      case 'kill':
        this.#options.log.warn({ id_worker: action.id_worker, reason: action.reason }, 'killing a worker');
        this.#options.provisioner.kill(action.id_worker);
        return;
    }
  }

  #startWorker(id_model: string, version: string): void {
    const wanted = this.#wanted.get({ id_model, version });
    if (!wanted) return;
    const { provisioner, now, random64 } = this.#options;
    const id_worker = newWorkerId(id_model, version, random64());
    const { modelPath, config } = wanted.served;
    this.#workers.set(id_worker, {
      id_worker,
      id_model,
      version,
      generation: wanted.generation,
      startedAt: now(),
      readyAt: undefined,
      errorSince: undefined,
    });
    provisioner.start({ id_worker, id_model, version, modelPath, config });
  }

  async #onEvent(event: WorkerEvent): Promise<void> {
    const { table, log, now } = this.#options;
    const { id_worker } = event;
    const worker = this.#workers.get(id_worker);
    switch (event.type) {
      case 'registered': {
        if (!worker) return;
        const { endpoint, slots, node, pid, signature, max_batch_size } = event;
        const { id_model, version } = worker;
        await table.register({ id_worker, id_model, version, endpoint, slots, node, pid });
        const record = this.#record(id_model, version);
        if (record) await table.putModel({ ...record, signature, max_batch_size, reason: '' });
        return;
      }
      case 'ready': {
        if (!worker) return;
        worker.readyAt = now();
        const wanted = this.#wanted.get(worker);
        if (wanted?.generation === worker.generation) this.#wanted.prove(wanted);
        await table.transition(id_worker, 'INACTIVE', 'ACTIVE');
        const record = this.#record(worker.id_model, worker.version);
        if (record && record.state === 'LOADING')
          await table.putModel({ ...record, state: 'READY', reason: '' });
        log.info({ id_worker }, 'worker is ready');
        return;
      }
      case 'heartbeat':
        await table.heartbeat(event);
        return;
      case 'draining':
        await table.transition(id_worker, 'ACTIVE', 'UPDATING', 'drains');
        return;
      case 'failed':
        if (worker) await this.#onModelFailed(worker, event.reason);
        return;
      case 'exited':
        await this.#onExited(id_worker, worker, event.reason);
        return;
    }
  }

  /** The model does not load: what was served before stays; else it is left alone until somebody loads it again. */
  async #onModelFailed(worker: Supervised, reason: string): Promise<void> {
    const { id_model, version, generation } = worker;
    const { table, log } = this.#options;
    const record = this.#record(id_model, version);
    const wanted = this.#wanted.get(worker);
    // A version that serves elsewhere does load; here it failed for a reason of this process.
    if (!wanted || wanted.generation !== generation || wanted.proven) return;
    log.error({ id_model, version, reason }, 'model does not load; the others are served');
    if (this.#wanted.giveUp(wanted)) {
      if (record) await table.putModel({ ...record, reason: `the last load failed: ${reason}` });
    } else if (record) {
      await table.putModel({ ...record, state: 'UNAVAILABLE', reason });
    }
  }

  async #onExited(id_worker: string, worker: Supervised | undefined, reason: string): Promise<void> {
    const { table, log, now } = this.#options;
    const row = table.worker(id_worker);
    if (row?.status === 'ACTIVE') await table.transition(id_worker, 'ACTIVE', 'ERROR', reason);
    await table.remove(id_worker);
    this.#workers.delete(id_worker);
    const id_model = worker?.id_model ?? row?.id_model;
    const version = worker?.version ?? row?.version;
    if (id_model === undefined || version === undefined) return;
    const wanted = this.#wanted.get({ id_model, version });
    if (worker && wanted?.generation === worker.generation && row?.status !== 'UPDATING') {
      const sound = worker.readyAt !== undefined && now() - worker.readyAt > SOUND_AFTER_MS;
      const delayMs = this.#wanted.onDeath(wanted, sound, now());
      log.warn({ id_worker, reason, restart_in_ms: delayMs }, 'worker died; it is replaced');
    }
    const record = this.#record(id_model, version);
    if (record?.state === 'UNLOADING' && this.running(id_model, version) === 0) {
      await table.putModel({ ...record, state: 'UNAVAILABLE' });
    }
  }

  #workersOf(id_model: string, version: string): (VersionName & { id_worker: string })[] {
    const rows: (VersionName & { id_worker: string })[] = this.#options.table
      .view()
      .workers.filter((row) => isSameVersion(row, { id_model, version }));
    const starting = [...this.#workers.values()].filter(
      (worker) =>
        isSameVersion(worker, { id_model, version }) &&
        !rows.some((row) => row.id_worker === worker.id_worker),
    );
    return [...rows, ...starting];
  }

  #record(id_model: string, version: string): ModelRecord | undefined {
    return this.#options.table.view().models.find((model) => isSameVersion(model, { id_model, version }));
  }
}
