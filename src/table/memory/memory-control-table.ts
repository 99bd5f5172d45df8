/** The embedded default: the process control table in the memory of one process. */
import type {
  ControlTable,
  Heartbeat,
  RegisterResult,
  RemoveResult,
  TableChange,
  TableView,
  TransitionResult,
} from '../control-table.ts';
import { combineLoads, type LoadStatement, STATEMENT_TTL_MS, type WorkerLoad } from '../load-statement.ts';
import type { CommandResult, ModelCommand, ModelRecord } from '../model-record.ts';
import {
  isLegalTransition,
  isRemovable,
  type WorkerRegistration,
  type WorkerRow,
  type WorkerStatus,
} from '../worker-row.ts';

/** What is stored of a worker; load is added from the statements when the row is read. */
type StoredRow = Omit<WorkerRow, 'current_requests' | 'avg_latency_ms' | 'error_count'>;

interface StoredStatement {
  readonly at: number;
  readonly loads: ReadonlyMap<string, WorkerLoad>;
}

type CommandHandler = (command: ModelCommand) => Promise<CommandResult>;

/** Ids of removed workers that are remembered, so that a late registration cannot revive one (promise CT1). */
const REMEMBERED_IDS = 10_000;

export class MemoryControlTable implements ControlTable {
  readonly #clock: () => number;
  readonly #rows = new Map<string, StoredRow>();
  readonly #removedIds = new Set<string>();
  readonly #models = new Map<string, ModelRecord>();
  readonly #statements = new Map<string, StoredStatement>();
  readonly #listeners = new Set<(change: TableChange) => void>();
  #commandHandler: CommandHandler | undefined;
  #nextCommand = 1;

  /** @param clock the table's clock, milliseconds since the epoch. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  view(): TableView {
    const workers = Array.from(this.#rows.values(), (row) => this.#withLoad(row));
    return { workers, models: [...this.#models.values()], now: this.#clock() };
  }

  worker(id_worker: string): WorkerRow | undefined {
    const row = this.#rows.get(id_worker);
    return row && this.#withLoad(row);
  }

  subscribe(listener: (change: TableChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async register(registration: WorkerRegistration): Promise<RegisterResult> {
    const { id_worker } = registration;
    if (this.#rows.has(id_worker) || this.#removedIds.has(id_worker)) return 'reused';
    const now = this.#clock();
    this.#rows.set(id_worker, {
      ...registration,
      status: 'INACTIVE',
      last_activity: now,
      registered_at: now,
      rss_bytes: 0,
      reason: '',
    });
    this.#emit({ kind: 'worker', id_worker });
    return 'registered';
  }

  async transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason = '',
  ): Promise<TransitionResult> {
    if (!isLegalTransition(from, to)) return 'illegal';
    const row = this.#rows.get(id_worker);
    if (!row) return 'unknown';
    if (row.status !== from) return 'conflict';
    this.#rows.set(id_worker, { ...row, status: to, reason });
    this.#emit({ kind: 'worker', id_worker });
    return 'changed';
  }

  async heartbeat(beat: Heartbeat): Promise<void> {
    const row = this.#rows.get(beat.id_worker);
    if (row)
      this.#rows.set(beat.id_worker, { ...row, last_activity: this.#clock(), rss_bytes: beat.rss_bytes });
  }

  async remove(id_worker: string): Promise<RemoveResult> {
    const row = this.#rows.get(id_worker);
    if (!row) return 'unknown';
    if (!isRemovable(row.status)) return 'illegal';
    this.#rows.delete(id_worker);
    this.#removedIds.add(id_worker);
    if (this.#removedIds.size > REMEMBERED_IDS) {
      const [oldest] = this.#removedIds;
      if (oldest !== undefined) this.#removedIds.delete(oldest);
    }
    this.#emit({ kind: 'worker', id_worker });
    return 'removed';
  }

  async state(statement: LoadStatement): Promise<void> {
    const loads = new Map(statement.loads.map((load) => [load.id_worker, load]));
    this.#statements.set(statement.id_gateway, { at: this.#clock(), loads });
    this.#emit({ kind: 'load' });
  }

  async retract(id_gateway: string): Promise<void> {
    this.#statements.delete(id_gateway);
    this.#emit({ kind: 'load' });
  }

  statementsOf(id_worker: string): readonly WorkerLoad[] {
    const oldest = this.#clock() - STATEMENT_TTL_MS;
    const loads: WorkerLoad[] = [];
    for (const [id_gateway, statement] of this.#statements) {
      if (statement.at < oldest) {
        this.#statements.delete(id_gateway);
        continue;
      }
      const load = statement.loads.get(id_worker);
      if (load) loads.push(load);
    }
    return loads;
  }

  async putModel(record: ModelRecord): Promise<void> {
    this.#models.set(modelKey(record.id_model, record.version), record);
    this.#emit({ kind: 'model', id_model: record.id_model });
  }

  async removeModel(id_model: string, version: string): Promise<void> {
    if (this.#models.delete(modelKey(id_model, version))) this.#emit({ kind: 'model', id_model });
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

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#commandHandler = undefined;
  }

  #withLoad(row: StoredRow): WorkerRow {
    return { ...row, ...combineLoads(this.statementsOf(row.id_worker)) };
  }

  #emit(change: TableChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function modelKey(id_model: string, version: string): string {
  return `${id_model}/${version}`;
}
