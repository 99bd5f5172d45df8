/** The supervisor: keeps as many workers of each model version as are wanted, by what the table says of them. */
import type { Provisioner, WorkerEvent } from '../provision/provisioner.ts';
import type { ControlTable, TableView } from '../table/control-table.ts';
import { isSameVersion, type ModelRecord, modelKey, type VersionName } from '../table/model-record.ts';
import { newWorkerId } from '../table/worker-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ControlLoop } from './control-loop.ts';
import {
  type DesertedVersion,
  decideReplicas,
  type ReplicaAction,
  type ReplicaObservation,
  type SupervisedWorker,
  type UnloadingVersion,
} from './decide-replicas.ts';
import { type KnownWorker, KnownWorkers } from './known-workers.ts';
import { ModelRecords } from './model-records.ts';
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

const INTERVAL_MS = 100;
/** A worker that served for this long was sound; its death starts the count of failures anew. */
const SOUND_AFTER_MS = 10_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #wanted = new WantedVersions();
  readonly #workers = new KnownWorkers();
  /** Since when versions that nobody asked for have had no worker. */
  readonly #desertedSince = new Map<string, number>();
  readonly #loop: ControlLoop<ReplicaObservation, ReplicaAction>;
  readonly #records: ModelRecords;
  readonly #unsubscribe: () => void;

  constructor(options: SupervisorOptions) {
    const { table, provisioner, log } = options;
    this.#options = options;
    this.#records = new ModelRecords(table);
    this.#loop = new ControlLoop({
      name: 'supervisor',
      intervalMs: INTERVAL_MS,
      observe: () => this.#observe(),
      decide: decideReplicas,
      act: (action) => this.#act(action),
      log,
    });
    provisioner.onEvent((event) => {
      this.#onEvent(event);
      this.#loop.kick();
    });
    this.#unsubscribe = table.subscribe((change) => {
      if (change.kind === 'worker') this.#loop.kick();
    });
  }

  /** Acts from now on: this controller is the one that does. */
  start(): void {
    this.#loop.start();
  }

  /** Acts no more until started again; what it knows of its workers it keeps. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /**
   * Serves a version from now on, or replaces how it is served; its record says LOADING until a worker is ready.
   * Where something is served already, that goes on until its successors serve, and stays if these do not load.
   */
  async serve(served: ServedVersion): Promise<void> {
    this.#wanted.add(served);
    await this.#records.putServed(served);
    this.#loop.kick();
  }

  /** Writes the records of all that is served once more, where the table may have lost them. */
  async reaffirm(): Promise<void> {
    for (const name of this.#wanted.names()) {
      const wanted = this.#wanted.get(name);
      if (wanted) await this.#records.putServed(wanted.served);
    }
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
      if (!row.supervised || !isSameVersion(row, { id_model, version }) || row.status !== 'ACTIVE') continue;
      if (this.#workers.get(row.id_worker)?.generation !== wanted.generation) return 'starting';
      current++;
    }
    return current >= wanted.served.replicas ? 'serving' : 'starting';
  }

  /** What is served of a version now, if it is. */
  served(id_model: string, version: string): ServedVersion | undefined {
    return this.#wanted.get({ id_model, version })?.served;
  }

  /** Keeps no workers of a version any more: those it has drain and go. */
  async retire(id_model: string, version: string, reason: string): Promise<void> {
    this.#wanted.drop({ id_model, version });
    await this.#putRetired({ id_model, version }, { reason });
    this.#loop.kick();
  }

  /** Ends the serving of a version, also by workers that somebody started by hand. */
  async unload(id_model: string, version: string): Promise<void> {
    const { table } = this.#options;
    this.#wanted.drop({ id_model, version });
    await this.#putRetired({ id_model, version }, { reason: 'unloaded', unloaded: true });
    for (const row of table.view().workers) {
      if (!isSameVersion(row, { id_model, version })) continue;
      // Each sees in the table that it is to drain.
      if (!row.supervised) await table.transition(row.id_worker, 'ACTIVE', 'UPDATING', 'unloaded');
    }
    this.#loop.kick();
  }

  /** Workers of a version that have not ended. */
  running(id_model: string, version: string): number {
    return this.#workers.count(this.#options.table.view(), { id_model, version });
  }

  /** Acts no more and ends all processes that it started. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#wanted.clear();
    await this.#loop.stop();
    await this.#options.provisioner.close();
  }

  #observe(): ReplicaObservation {
    const { table, provisioner, now, errorGraceMs, startTimeoutMs } = this.#options;
    const view = table.view();
    const rows = new Map(view.workers.map((row) => [row.id_worker, row]));
    for (const row of view.workers) {
      const wanted = this.#wanted.get(row);
      if (wanted) this.#workers.adopt(row, wanted, now());
    }
    const workers: SupervisedWorker[] = [];
    for (const worker of this.#workers.list()) {
      const row = rows.get(worker.id_worker);
      if (!row && !provisioner.has(worker.id_worker)) {
        // It went in order, or somebody else has removed it.
        this.#workers.forget(worker.id_worker);
        continue;
      }
      const status = row?.status;
      if (status === 'ACTIVE' && worker.readyAt === undefined) this.#onReady(worker);
      if (status !== 'ERROR') worker.errorSince = undefined;
      else worker.errorSince ??= now();
      workers.push({ ...worker, status, served: worker.readyAt !== undefined });
    }
    return {
      wanted: this.#wanted.list(),
      workers,
      unloading: this.#unloading(view),
      deserted: this.#deserted(view),
      now: now(),
      errorGraceMs,
      startTimeoutMs,
    };
  }

  #onReady(worker: KnownWorker): void {
    worker.readyAt = this.#options.now();
    const wanted = this.#wanted.get(worker);
    if (wanted?.generation === worker.generation) this.#wanted.prove(wanted);
    this.#options.log.info({ id_worker: worker.id_worker }, 'worker is ready');
  }

  #unloading(view: TableView): UnloadingVersion[] {
    return view.models
      .filter(({ state }) => state === 'UNLOADING')
      .map(({ id_model, version }) => {
        return { id_model, version, left: this.#workers.count(view, { id_model, version }) };
      });
  }

  #deserted(view: TableView): DesertedVersion[] {
    const deserted: DesertedVersion[] = [];
    for (const record of view.models) {
      const { id_model, version } = record;
      const key = modelKey(id_model, version);
      const served = this.#wanted.get(record) || record.replicas > 0 || record.state !== 'READY';
      if (served || this.#workers.count(view, record) > 0) {
        this.#desertedSince.delete(key);
        continue;
      }
      const desertedSince = this.#desertedSince.get(key) ?? this.#options.now();
      this.#desertedSince.set(key, desertedSince);
      deserted.push({ id_model, version, desertedSince });
    }
    return deserted;
  }

  async #act(action: ReplicaAction): Promise<void> {
    const { table, provisioner, log } = this.#options;
    switch (action.type) {
      case 'start':
        this.#startWorker(action.id_model, action.version);
        return;
      case 'retire':
        await this.#retireWorker(action.id_worker);
        return;
      case 'kill':
        log.warn({ id_worker: action.id_worker, reason: action.reason }, 'killing a worker');
        if (provisioner.has(action.id_worker)) provisioner.kill(action.id_worker);
        // Out of reach: should it live, it finds its row removed and goes.
        else await table.remove(action.id_worker);
        return;
      case 'bury':
        await table.transition(action.id_worker, 'ACTIVE', 'ERROR', action.reason);
        await table.remove(action.id_worker);
        this.#workers.forget(action.id_worker);
        return;
      case 'unloaded':
        await this.#records.change(action, { state: 'UNAVAILABLE' });
        return;
      case 'forget':
        await table.removeModel(action.id_model, action.version);
        return;
    }
  }

  async #retireWorker(id_worker: string): Promise<void> {
    const { table, provisioner } = this.#options;
    const reason = 'replaced or not wanted any more';
    const result = await table.transition(id_worker, 'ACTIVE', 'UPDATING', reason);
    // One that does not serve has nothing to finish.
    if (result === 'conflict') await table.remove(id_worker);
    this.#workers.forget(id_worker);
    // One that another has started sees in the table that it is to drain.
    provisioner.drain(id_worker);
  }

  #startWorker(id_model: string, version: string): void {
    const wanted = this.#wanted.get({ id_model, version });
    if (!wanted) return;
    const { provisioner, now, random64 } = this.#options;
    const id_worker = newWorkerId(id_model, version, random64());
    const { modelPath, config, revision } = wanted.served;
    this.#workers.start(id_worker, wanted, now());
    provisioner.start({ id_worker, id_model, version, modelPath, config, revision });
  }

  #onEvent(event: WorkerEvent): void {
    const worker = this.#workers.get(event.id_worker);
    if (!worker) return;
    if (event.type === 'failed') void this.#onModelFailed(worker, event.reason);
    else this.#onExited(worker, event.reason);
  }

  /** The model does not load: what was served before stays; else it is left alone until somebody loads it again. */
  async #onModelFailed(worker: KnownWorker, reason: string): Promise<void> {
    const { id_model, version, generation } = worker;
    const { log } = this.#options;
    const wanted = this.#wanted.get(worker);
    // A version that serves elsewhere does load; here it failed for a reason of this process.
    if (!wanted || wanted.generation !== generation || wanted.proven) return;
    log.error({ id_model, version, reason }, 'model does not load; the others are served');
    const failed: Partial<ModelRecord> = this.#wanted.giveUp(wanted)
      ? { reason: `the last load failed: ${reason}` }
      : { state: 'UNAVAILABLE', reason };
    await this.#records.change(worker, failed).catch((error: unknown) => {
      log.warn({ err: error, id_model, version }, 'the table was not told that a model does not load');
    });
  }

  #onExited(worker: KnownWorker, reason: string): void {
    const { table, log, now } = this.#options;
    const { id_worker, readyAt, generation } = worker;
    const status = table.worker(id_worker)?.status;
    worker.ended = reason;
    // Who drains is expected to end, and one that had served and has no row any more has removed it itself.
    if (status === 'UPDATING' || (status === undefined && readyAt !== undefined)) return;
    const wanted = this.#wanted.get(worker);
    if (wanted?.generation !== generation) return;
    const sound = readyAt !== undefined && now() - readyAt > SOUND_AFTER_MS;
    const delayMs = this.#wanted.onDeath(wanted, sound, now());
    log.warn({ id_worker, reason, restart_in_ms: delayMs }, 'worker died; it is replaced');
  }

  async #putRetired(name: VersionName, more: Partial<ModelRecord>): Promise<void> {
    const left = this.running(name.id_model, name.version);
    await this.#records.change(name, { ...more, state: left > 0 ? 'UNLOADING' : 'UNAVAILABLE' });
  }
}
