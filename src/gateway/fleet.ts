/** The gateway's view of the table turned into routes: a channel to each worker, and what may be sent where. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelState } from '../channel/channel.ts';
import type { ControlTable, TableChange } from '../table/control-table.ts';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { ProcessIdentity } from '../table/member.ts';
import { isSameVersion } from '../table/model-record.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { ModelRoute, type RouteLimits, VersionRoute } from './model-route.ts';
import { VersionStatistics } from './version-statistics.ts';
import { type LinkOptions, WorkerLink } from './worker-link.ts';

export interface FleetOptions {
  readonly id_gateway: string;
  /** Where this gateway runs and listens. */
  readonly identity: () => ProcessIdentity & { readonly address: string };
  readonly table: ControlTable;
  readonly limits: RouteLimits;
  readonly link: LinkOptions;
  /** Opens a channel of the kind that the endpoint's scheme names. */
  readonly openChannel: (
    row: WorkerRow,
    onStateChange: (state: ChannelState, reason: string) => void,
  ) => Channel;
  /** A route can take more than before. */
  readonly onRouteOpened: (route: VersionRoute) => void;
  /** A version is served no more; what waits for it must go elsewhere. */
  readonly onRouteGone: (route: VersionRoute) => void;
  readonly log: { warn(fields: object, message: string): void; debug(fields: object, message: string): void };
}

/** While anything changes, the table hears of it this often; CT8: whatever the number of requests. */
const STATEMENT_INTERVAL_MS = 10;
const READY_POLL_MS = 2;
/** A statement is repeated well before it lapses. */
const STATEMENT_REPEAT_MS = 1_000;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #models = new Map<string, ModelRoute>();
  readonly #links = new Map<string, WorkerLink>();
  readonly #unsubscribe: () => void;
  #statementTimer: NodeJS.Timeout | undefined;
  #stateDue: NodeJS.Immediate | undefined;
  readonly #repeatTimer: NodeJS.Timeout;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#unsubscribe = options.table.subscribe((change) => this.#onChange(change));
    this.#repeatTimer = setInterval(() => this.#state(), STATEMENT_REPEAT_MS);
    const { models, workers } = options.table.view();
    for (const model of models) this.#refreshModel(model.id_model);
    for (const worker of workers) this.#refreshWorker(worker.id_worker);
  }

  /** The route of a request; without a version, of the model's default one. */
  find(id_model: string, version: string | undefined): VersionRoute | undefined {
    const model = this.#models.get(id_model);
    return version === undefined ? model?.default : model?.versions.get(version);
  }

  model(id_model: string): ModelRoute | undefined {
    return this.#models.get(id_model);
  }

  get models(): Iterable<ModelRoute> {
    return this.#models.values();
  }

  *routes(): Iterable<VersionRoute> {
    for (const model of this.#models.values()) yield* model.versions.values();
  }

  /** Resolves when a model can be sent requests, or at the latest after the time-out. */
  async whenReady(id_model: string, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.find(id_model, undefined)?.ready && performance.now() < deadline) await sleep(READY_POLL_MS);
  }

  /** The load of some worker has changed; the table will hear of it soon. */
  onLoadChange(): void {
    this.#statementTimer ??= setTimeout(() => this.#state(), STATEMENT_INTERVAL_MS);
  }

  /** Looks after the liveness of all channels, and forgives those that were busy. */
  tick(): void {
    for (const link of this.#links.values()) {
      link.channel.tick();
      if (!link.busy) continue;
      link.busy = false;
      this.#refreshRoute(link);
    }
  }

  /** A worker is left alone, or is tried again: who may be sent what has changed, and the table is to know. */
  onEjectionChange(link: WorkerLink): void {
    this.#refreshRoute(link);
    this.#state();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    clearInterval(this.#repeatTimer);
    for (const link of this.#links.values()) link.channel.close();
    clearTimeout(this.#statementTimer);
    clearImmediate(this.#stateDue);
    await this.#options.table.retract(this.#options.id_gateway);
  }

  #onChange(change: TableChange): void {
    switch (change.kind) {
      case 'worker':
        this.#refreshWorker(change.id_worker);
        return;
      case 'model':
        this.#refreshModel(change.id_model);
        return;
      case 'load':
        this.#hearOthers(change.id_workers);
        return;
      case 'restored':
        this.#state();
        return;
    }
  }

  #refreshWorker(id_worker: string): void {
    const row = this.#options.table.worker(id_worker);
    const link = this.#links.get(id_worker);
    if (!row) {
      if (link) this.#dropLink(link);
      return;
    }
    if (link) link.row = row;
    else this.#addLink(row);
    const current = this.#links.get(id_worker);
    if (current) this.#refreshRoute(current);
  }

  #addLink(row: WorkerRow): void {
    const { id_worker } = row;
    let link: WorkerLink | undefined;
    try {
      const channel = this.#options.openChannel(row, (state, reason) => {
        if (link) this.#onChannelState(link, state, reason);
      });
      link = new WorkerLink(row, channel, this.#options.link, performance.now());
    } catch (error) {
      this.#options.log.warn({ id_worker, reason: (error as Error).message }, 'worker cannot be reached');
      return;
    }
    this.#links.set(id_worker, link);
  }

  #dropLink(link: WorkerLink): void {
    this.#links.delete(link.id_worker);
    const route = this.find(link.row.id_model, link.row.version);
    route?.links.delete(link);
    route?.refreshUsable();
    this.#models.get(link.row.id_model)?.refreshDefault();
    // What it still had comes back from the channel and is sent elsewhere.
    link.channel.close();
  }

  #onChannelState(link: WorkerLink, state: ChannelState, reason: string): void {
    const { id_worker } = link;
    if (state === 'open') link.onConnected(performance.now());
    this.#refreshRoute(link);
    // At once and not with the next statement: the watchdog acts on what cannot be reached. Once for all whose state
    // changes together, as at the start before thousands of workers.
    this.#stateDue ??= setImmediate(() => this.#state());
    if (state === 'unresponsive') this.#options.log.warn({ id_worker, reason }, 'worker does not answer');
    else if (state !== 'closed')
      this.#options.log.debug({ id_worker, state, reason }, 'channel changed state');
  }

  #refreshRoute(link: WorkerLink): void {
    const route = this.find(link.row.id_model, link.row.version);
    // One that has been dropped still says that its channel closes.
    if (!route || this.#links.get(link.id_worker) !== link) return;
    route.links.add(link);
    link.batches = route.record.max_batch_size > 1;
    route.refreshUsable();
    this.#models.get(route.id_model)?.refreshDefault();
    if (link.usable) this.#options.onRouteOpened(route);
  }

  #refreshModel(id_model: string): void {
    const records = this.#options.table.view().models.filter((record) => record.id_model === id_model);
    let model = this.#models.get(id_model);
    if (!model) {
      model = new ModelRoute(id_model);
      this.#models.set(id_model, model);
    }
    const gone: VersionRoute[] = [];
    for (const route of model.versions.values()) {
      if (records.some((record) => record.version === route.version)) continue;
      model.versions.delete(route.version);
      gone.push(route);
    }
    for (const record of records) {
      let route = model.versions.get(record.version);
      if (!route) {
        route = new VersionRoute(record, new VersionStatistics(), this.#options.limits);
        model.versions.set(record.version, route);
        for (const link of this.#links.values()) {
          if (isSameVersion(link.row, record)) route.links.add(link);
        }
      }
      route.record = record;
      route.refreshUsable();
      for (const link of route.links) link.batches = record.max_batch_size > 1;
      // Requests that wait for a version that will not come are told so.
      if (record.state === 'UNAVAILABLE' || record.state === 'UNLOADING') gone.push(route);
    }
    model.refreshDefault();
    if (model.versions.size === 0) this.#models.delete(id_model);
    for (const route of gone) this.#options.onRouteGone(route);
  }

  /** @param id_workers those of which others have said something new; undefined: perhaps all */
  #hearOthers(id_workers: ReadonlySet<string> | undefined): void {
    const { table, id_gateway } = this.#options;
    const gateways = table.liveGateways;
    for (const link of this.#links.values()) {
      const { id_worker } = link;
      const isNew = id_workers === undefined || id_workers.has(id_worker);
      link.hear(isNew ? table.loadOfOthers(id_worker, id_gateway) : undefined, gateways);
    }
    // Others may have given slots free.
    for (const route of this.routes()) if (route.waiting.size > 0) this.#options.onRouteOpened(route);
  }

  #state(): void {
    clearTimeout(this.#statementTimer);
    this.#statementTimer = undefined;
    clearImmediate(this.#stateDue);
    this.#stateDue = undefined;
    const { table, id_gateway, identity, log } = this.#options;
    const now = performance.now();
    const loads: WorkerLoad[] = [];
    for (const link of this.#links.values()) {
      const load = link.statement(now);
      if (load) loads.push(load);
    }
    table
      .state({ id_gateway, ...identity(), loads })
      .catch((error: unknown) => log.warn({ err: error }, 'the table does not take statements'));
  }
}
