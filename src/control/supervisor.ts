/** The supervisor: keeps as many workers of each model version as are wanted, and writes their rows. */
import type { ModelConfig } from '../config/model-config.ts';
import type { Provisioner, WorkerEvent } from '../provision/provisioner.ts';
import type { ControlTable } from '../table/control-table.ts';
import type { ModelRecord } from '../table/model-record.ts';
import { newWorkerId } from '../table/worker-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ControlLoop } from './control-loop.ts';
import {
  decideReplicas,
  type ReplicaAction,
  type ReplicaObservation,
  restartDelayMs,
  type SupervisedWorker,
  type WantedVersion,
} from './decide-replicas.ts';

/** A model version as the repository has it, with the number of workers to keep. */
export interface ServedVersion {
  readonly id_model: string;
  readonly version: string;
  readonly modelPath: string;
  readonly platform: string;
  readonly config: ModelConfig;
  readonly replicas: number;
}

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

interface Wanted {
  readonly served: ServedVersion;
  readonly generation: number;
  /** What was served before, until this has proven itself. */
  before: Wanted | undefined;
  failures: number;
  startNotBefore: number;
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
  readonly #wanted = new Map<string, Wanted>();
  readonly #workers = new Map<string, Supervised>();
  readonly #loop: ControlLoop<ReplicaObservation, ReplicaAction>;
  /** Events of workers are applied one after the other, in their order. */
  #events: Promise<void> = Promise.resolve();
  #nextGeneration = 1;
  /** Generation of the newest request to serve a version, whether it has come to serve or not. */
  readonly #lastServe = new Map<string, number>();
  /** Workers that ended without having been asked to, for the metrics. */
  restarts = 0;

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
    const generation = this.#nextGeneration++;
    const serving = this.#wanted.get(key(served));
    this.#wanted.set(key(served), {
      served,
      generation,
      before: serving?.before ?? serving,
      failures: 0,
      startNotBefore: 0,
    });
    this.#lastServe.set(key(served), generation);
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
    const wanted = this.#wanted.get(key({ id_model, version }));
    if (!wanted || wanted.generation < (this.#lastServe.get(key({ id_model, version })) ?? 0))
      return 'failed';
    let current = 0;
    for (const row of this.#options.table.view().workers) {
      if (!isOf(row, id_model, version) || row.status !== 'ACTIVE') continue;
      if (this.#workers.get(row.id_worker)?.generation !== wanted.generation) return 'starting';
      current++;
    }
    return current >= wanted.served.replicas ? 'serving' : 'starting';
  }

  /** What is served of a version now, if it is. */
  served(id_model: string, version: string): ServedVersion | undefined {
    return this.#wanted.get(key({ id_model, version }))?.served;
  }

  /** Stops serving a version: its workers drain and go. */
  async retire(id_model: string, version: string, reason: string): Promise<void> {
    this.#wanted.delete(key({ id_model, version }));
    this.#lastServe.delete(key({ id_model, version }));
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
    const wanted: WantedVersion[] = [];
    for (const { served, generation, startNotBefore } of this.#wanted.values()) {
      const { id_model, version, replicas } = served;
      wanted.push({ id_model, version, replicas, generation, startNotBefore });
    }
    const workers: SupervisedWorker[] = [];
    for (const worker of this.#workers.values()) {
      const status = table.worker(worker.id_worker)?.status;
      if (status !== 'ERROR') worker.errorSince = undefined;
      else worker.errorSince ??= now();
      workers.push({ ...worker, status });
    }
    return { wanted, workers, now: now(), errorGraceMs, startTimeoutMs };
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
    const wanted = this.#wanted.get(key({ id_model, version }));
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
        const wanted = this.#wanted.get(key(worker));
        if (wanted?.generation === worker.generation) wanted.before = undefined;
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
    const wanted = this.#wanted.get(key(worker));
    // A version that serves elsewhere does load; here it failed for a reason of this process.
    if (!wanted || wanted.generation !== generation || this.#isProven(wanted)) return;
    log.error({ id_model, version, reason }, 'model does not load; the others are served');
    if (wanted.before) {
      this.#wanted.set(key(worker), wanted.before);
      if (record) await table.putModel({ ...record, reason: `the last load failed: ${reason}` });
    } else {
      this.#wanted.delete(key(worker));
      if (record) await table.putModel({ ...record, state: 'UNAVAILABLE', reason });
    }
  }

  /** Whether some worker of this generation has become ready. */
  #isProven({ served, generation }: Wanted): boolean {
    for (const worker of this.#workers.values()) {
      const same = isOf(worker, served.id_model, served.version) && worker.generation === generation;
      if (same && worker.readyAt !== undefined) return true;
    }
    return false;
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
    const wanted = this.#wanted.get(key({ id_model, version }));
    if (worker && wanted?.generation === worker.generation && row?.status !== 'UPDATING') {
      const sound = worker.readyAt !== undefined && now() - worker.readyAt > SOUND_AFTER_MS;
      wanted.failures = sound ? 1 : wanted.failures + 1;
      const delayMs = restartDelayMs(wanted.failures);
      wanted.startNotBefore = now() + delayMs;
      this.restarts++;
      log.warn({ id_worker, reason, restart_in_ms: delayMs }, 'worker died; it is replaced');
    }
    const record = this.#record(id_model, version);
    if (record?.state === 'UNLOADING' && this.running(id_model, version) === 0) {
      await table.putModel({ ...record, state: 'UNAVAILABLE' });
    }
  }

  #workersOf(id_model: string, version: string): WorkerLike[] {
    const rows: WorkerLike[] = this.#options.table
      .view()
      .workers.filter((row) => isOf(row, id_model, version));
    const starting = [...this.#workers.values()].filter(
      (worker) => isOf(worker, id_model, version) && !rows.some((row) => row.id_worker === worker.id_worker),
    );
    return [...rows, ...starting];
  }

  #record(id_model: string, version: string): ModelRecord | undefined {
    return this.#options.table.view().models.find((model) => isOf(model, id_model, version));
  }
}

interface WorkerLike {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
}

function isOf(one: { id_model: string; version: string }, id_model: string, version: string): boolean {
  return one.id_model === id_model && one.version === version;
}

function key({ id_model, version }: { id_model: string; version: string }): string {
  return `${id_model}/${version}`;
}
