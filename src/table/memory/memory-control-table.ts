/** The embedded default: the process control table in the memory of one process. */
import type {
  ControlTable,
  Heartbeat,
  HeartbeatResult,
  RegisterResult,
  RemoveResult,
  TableChange,
  TableHealth,
  TableView,
  TransitionResult,
} from '../control-table.ts';
import type { HeardStatement, LoadStatement, WorkerLoad } from '../load-statement.ts';
import { LocalView } from '../local-view.ts';
import type { Candidate, Leadership, TermListener } from '../member.ts';
import {
  type CommandResult,
  describedModel,
  type ModelCommand,
  type ModelDescription,
  type ModelRecord,
  modelKey,
} from '../model-record.ts';
import {
  isLegalTransition,
  isRemovable,
  type WorkerRegistration,
  type WorkerRow,
  type WorkerStatus,
} from '../worker-row.ts';

type CommandHandler = (command: ModelCommand) => Promise<CommandResult>;

/** Ids of removed workers that are remembered, so that a late registration cannot revive one (promise CT1). */
const REMEMBERED_IDS = 10_000;

export class MemoryControlTable implements ControlTable {
  readonly #clock: () => number;
  readonly #local: LocalView;
  readonly #health: TableHealth;
  readonly #removedIds = new Set<string>();
  #candidate: Candidate | undefined;
  #commandHandler: CommandHandler | undefined;
  #nextCommand = 1;

  /** @param clock the table's clock, milliseconds since the epoch. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#local = new LocalView(clock);
    this.#health = { available: true, since: clock(), reason: '', outages: 0 };
  }

  view(): TableView {
    // The one controller that there can be is alive as long as the table is.
    if (this.#candidate) this.#noteController(this.#candidate);
    return this.#local.view(this.#health);
  }

  worker(id_worker: string): WorkerRow | undefined {
    return this.#local.worker(id_worker);
  }

  subscribe(listener: (change: TableChange) => void): () => void {
    return this.#local.subscribe(listener);
  }

  async register(registration: WorkerRegistration): Promise<RegisterResult> {
    const { id_worker } = registration;
    const { rows } = this.#local;
    if (rows.has(id_worker) || this.#removedIds.has(id_worker)) return 'reused';
    const now = this.#clock();
    rows.set(id_worker, {
      ...registration,
      status: 'INACTIVE',
      last_activity: now,
      registered_at: now,
      rss_bytes: 0,
      reason: '',
    });
    this.#local.emit({ kind: 'worker', id_worker });
    return 'registered';
  }

  async describeModel(description: ModelDescription): Promise<void> {
    const { id_model, version } = description;
    const before = this.#local.models.get(modelKey(id_model, version));
    await this.putModel(describedModel(before, description));
  }

  async transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason = '',
  ): Promise<TransitionResult> {
    if (!isLegalTransition(from, to)) return 'illegal';
    const row = this.#local.rows.get(id_worker);
    if (!row) return 'unknown';
    if (row.status !== from) return 'conflict';
    this.#local.rows.set(id_worker, { ...row, status: to, reason });
    this.#local.emit({ kind: 'worker', id_worker });
    return 'changed';
  }

  async heartbeat({ id_worker, rss_bytes }: Heartbeat): Promise<HeartbeatResult> {
    const row = this.#local.rows.get(id_worker);
    if (!row) return this.#removedIds.has(id_worker) ? 'removed' : 'unknown';
    this.#local.rows.set(id_worker, { ...row, last_activity: this.#clock(), rss_bytes });
    return row.status;
  }

  async remove(id_worker: string): Promise<RemoveResult> {
    const row = this.#local.rows.get(id_worker);
    if (!row) return 'unknown';
    if (!isRemovable(row.status)) return 'illegal';
    this.#local.rows.delete(id_worker);
    this.#removedIds.add(id_worker);
    if (this.#removedIds.size > REMEMBERED_IDS) {
      const [oldest] = this.#removedIds;
      if (oldest !== undefined) this.#removedIds.delete(oldest);
    }
    this.#local.emit({ kind: 'worker', id_worker });
    return 'removed';
  }

  async state({ id_gateway, node, pid, address, loads }: LoadStatement): Promise<void> {
    const { statements } = this.#local;
    statements.heard({ id_gateway, node, pid, address, last_activity: this.#clock() });
    statements.keepOnly(id_gateway, new Set(loads.map(({ id_worker }) => id_worker)));
    for (const load of loads) statements.say(id_gateway, load);
    this.#local.emit({ kind: 'load' });
  }

  async retract(id_gateway: string): Promise<void> {
    this.#local.statements.remove(id_gateway);
    this.#local.emit({ kind: 'load' });
  }

  statementsOf(id_worker: string): readonly WorkerLoad[] {
    return this.#local.statementsOf(id_worker);
  }

  heard(): Iterable<HeardStatement> {
    return this.#local.heard();
  }

  loadOfOthers(id_worker: string, id_gateway: string): number {
    return this.#local.statements.ofOthers(id_worker, id_gateway);
  }

  get liveGateways(): number {
    return this.#local.liveGateways;
  }

  async putModel(record: ModelRecord): Promise<void> {
    const name = modelKey(record.id_model, record.version);
    // What only a worker can tell stays when the caller does not know it.
    const signature = record.signature ?? this.#local.models.get(name)?.signature;
    this.#local.models.set(name, { ...record, signature });
    this.#local.emit({ kind: 'model', id_model: record.id_model });
  }

  async removeModel(id_model: string, version: string): Promise<void> {
    if (this.#local.models.delete(modelKey(id_model, version))) this.#local.emit({ kind: 'model', id_model });
  }

  async command(command: Omit<ModelCommand, 'id'>, signal: AbortSignal): Promise<CommandResult> {
    const id = String(this.#nextCommand++);
    if (!this.#commandHandler) return { id, outcome: 'unavailable', message: 'no controller is running' };
    const aborted = new Promise<CommandResult>((resolve) => {
      const giveUp = () =>
        resolve({ id, outcome: 'timed_out', message: 'the controller did not answer in time' });
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    return Promise.race([this.#commandHandler({ ...command, id }), aborted]);
  }

  serveCommands(handler: CommandHandler): () => void {
    this.#commandHandler = handler;
    return () => {
      if (this.#commandHandler === handler) this.#commandHandler = undefined;
    };
  }

  /** There is no other candidate: it acts at once. */
  async campaign(candidate: Candidate, listener: TermListener): Promise<Leadership> {
    this.#candidate = candidate;
    listener(1);
    return {
      acting: true,
      resign: async () => {
        this.#candidate = undefined;
        this.#local.controllers.delete(candidate.id_controller);
      },
    };
  }

  async close(): Promise<void> {
    this.#local.close();
    this.#commandHandler = undefined;
  }

  #noteController(candidate: Candidate): void {
    const row = { ...candidate, acting: true, last_activity: this.#clock() };
    this.#local.controllers.set(candidate.id_controller, row);
  }
}
