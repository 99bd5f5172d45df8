/** One thread's place at a table that this thread has: what it was told, and what it asks for. */
import type { MessagePort } from 'node:worker_threads';
import { PortCalls } from '../../port-calls.ts';
import type { ControlTable, TableView } from '../control-table.ts';
import type { WorkerLoad } from '../load-statement.ts';
import type { StoredRow } from '../local-view.ts';
import type { GatewayRow, Leadership } from '../member.ts';
import type { CommandResult, ModelCommand, ModelRecord } from '../model-record.ts';
import type {
  Beat,
  News,
  Picture,
  StatementChange,
  TableOperations,
  ThreadOperations,
} from './operations.ts';
import { takeChange } from './statement-change.ts';

export interface ThreadConnectionOptions {
  readonly table: ControlTable;
  readonly port: MessagePort;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Resolves when all threads know of all changes. */
  readonly settled: () => Promise<void>;
  /** Tells all threads how the table is. */
  readonly look: () => Promise<void>;
  readonly onClose: () => void;
}

/** What the thread knows of a gateway that is not its own. */
interface Known {
  gateway: GatewayRow;
  readonly loads: Map<string, WorkerLoad>;
}

export class ThreadConnection {
  readonly #options: ThreadConnectionOptions;
  readonly #calls: PortCalls<ThreadOperations>;
  /** What the thread's own gateways say. */
  readonly #own = new Map<string, Map<string, WorkerLoad>>();
  readonly #known = new Map<string, Known>();
  /** The last sign of life that it knows of each worker. */
  readonly #beats = new Map<string, Beat>();
  readonly #commands = new Map<number, AbortController>();
  /** When it last stated load, and so was told what others say. */
  #statedAt = Number.NEGATIVE_INFINITY;
  #opened = false;
  #hearing: Promise<void> | undefined;
  #stopServing = () => {};
  #leadership: Leadership | undefined;

  constructor(options: ThreadConnectionOptions) {
    this.#options = options;
    this.#calls = new PortCalls(options.port, this.#operations(), () => this.#onClose());
  }

  /** Whether it has not taken yet what it was told last. */
  get hearing(): boolean {
    return this.#hearing !== undefined;
  }

  /** How long ago it last stated load, milliseconds: while it does so often it hears of the others by that. */
  get silentMs(): number {
    return this.#options.now() - this.#statedAt;
  }

  tellRow(id_worker: string, row: StoredRow | undefined): void {
    if (!this.#opened) return;
    if (row) this.#beats.set(id_worker, row);
    else this.#beats.delete(id_worker);
    this.#calls.tell('row', id_worker, row);
  }

  tellModels(id_model: string, records: readonly ModelRecord[]): void {
    if (this.#opened) this.#calls.tell('models', id_model, records);
  }

  tellRestored(): void {
    if (this.#opened) this.#calls.tell('restored');
  }

  /**
   * Tells what the other gateways say that is new, after what is being told now; resolves when the thread has it.
   * @param view to tell how the table is as well
   */
  async hear(view: TableView | undefined): Promise<void> {
    while (this.#hearing) await this.#hearing;
    if (!this.#opened) return;
    const news = this.#newsOf(view);
    if (!view && news.said.length === 0 && news.left.length === 0) return;
    this.#hearing = this.#calls
      .call('news', news)
      // It is gone.
      .catch(() => {})
      .finally(() => {
        this.#hearing = undefined;
      });
    await this.#hearing;
  }

  async settled(): Promise<void> {
    await this.#calls.call('settle').catch(() => {});
  }

  close(): void {
    this.#calls.close();
  }

  #operations(): TableOperations {
    const { table, look } = this.#options;
    return {
      open: () => this.#open(),
      register: (registration) => table.register(registration),
      describeModel: (description) => table.describeModel(description),
      transition: (...change) => table.transition(...change),
      heartbeat: async (beat) => {
        const result = await table.heartbeat(beat);
        await look();
        return result;
      },
      remove: (id_worker) => table.remove(id_worker),
      state: (change) => this.#state(change),
      retract: (id_gateway) => {
        this.#own.delete(id_gateway);
        return table.retract(id_gateway);
      },
      putModel: (record) => table.putModel(record),
      removeModel: (id_model, version) => table.removeModel(id_model, version),
      command: (key, command) => this.#command(key, command),
      abandon: (key) => this.#commands.get(key)?.abort(),
      serveCommands: (serves) => {
        this.#stopServing();
        this.#stopServing = serves ? table.serveCommands((command) => this.#carryOut(command)) : () => {};
      },
      campaign: async (candidate) => {
        this.#leadership = await table.campaign(candidate, (term) => this.#calls.tell('term', term));
      },
      resign: async () => this.#leadership?.resign(),
    };
  }

  #open(): Picture {
    this.#opened = true;
    const view = this.#options.table.view();
    for (const row of view.workers) this.#beats.set(row.id_worker, row);
    return { rows: view.workers, models: view.models, news: this.#newsOf(view) };
  }

  #newsOf(view: TableView | undefined): News {
    const said: StatementChange[] = [];
    const left = new Set(this.#known.keys());
    for (const { gateway, loads } of this.#options.table.heard()) {
      const { id_gateway } = gateway;
      left.delete(id_gateway);
      if (this.#own.has(id_gateway)) continue;
      let known = this.#known.get(id_gateway);
      const isFirst = known === undefined;
      if (!known) {
        known = { gateway, loads: new Map() };
        this.#known.set(id_gateway, known);
      }
      const change = takeChange(known.loads, [...loads.values()]);
      // That it lives is told now and then.
      const isHeardAgain = view !== undefined && known.gateway !== gateway;
      if (!change && !isFirst && !isHeardAgain) continue;
      known.gateway = gateway;
      said.push({ gateway, loads: change?.loads ?? [], isAll: change?.isAll ?? false });
    }
    for (const id_gateway of left) this.#known.delete(id_gateway);
    return { said, left: [...left], look: view && this.#lookOf(view) };
  }

  #lookOf({ now, heard_at, health, controllers, workers }: TableView): News['look'] {
    const beats: Beat[] = [];
    for (const { id_worker, last_activity, rss_bytes } of workers) {
      const known = this.#beats.get(id_worker);
      if (known?.last_activity === last_activity && known.rss_bytes === rss_bytes) continue;
      const beat = { id_worker, last_activity, rss_bytes };
      this.#beats.set(id_worker, beat);
      beats.push(beat);
    }
    return { now, heard_at, health, controllers, beats };
  }

  async #state({ gateway, loads, isAll }: StatementChange): Promise<News | undefined> {
    const { id_gateway, node, pid, address } = gateway;
    let said = this.#own.get(id_gateway);
    if (!said || isAll) {
      said = new Map();
      this.#own.set(id_gateway, said);
    }
    for (const load of loads) said.set(load.id_worker, load);
    await this.#options.table.state({ id_gateway, node, pid, address, loads: [...said.values()] });
    this.#statedAt = this.#options.now();
    return this.hearing ? undefined : this.#newsOf(undefined);
  }

  /** Answered once all threads know what it has changed: whoever asked may send its next request to another of them. */
  async #command(key: number, command: Omit<ModelCommand, 'id'>): Promise<CommandResult> {
    const abort = new AbortController();
    this.#commands.set(key, abort);
    try {
      const result = await this.#options.table.command(command, abort.signal);
      await this.#options.settled();
      return result;
    } finally {
      this.#commands.delete(key);
    }
  }

  #carryOut(command: ModelCommand): Promise<CommandResult> {
    return this.#calls.call('carryOut', command);
  }

  #onClose(): void {
    this.#opened = false;
    this.#options.onClose();
    this.#stopServing();
    for (const abort of this.#commands.values()) abort.abort();
    void this.#leadership?.resign();
    for (const id_gateway of this.#own.keys()) void this.#options.table.retract(id_gateway);
  }
}
