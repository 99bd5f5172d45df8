/** The picture of the table that a process holds in memory; every implementation keeps one. */
import type { TableChange, TableHealth, TableView } from './control-table.ts';
import { combineLoads, type HeardStatement, type WorkerLoad } from './load-statement.ts';
import { type ControllerRow, MEMBER_TTL_MS } from './member.ts';
import type { ModelRecord } from './model-record.ts';
import { StatementBook } from './statement-book.ts';
import type { WorkerRow } from './worker-row.ts';

/** What is stored of a worker; load is added from the statements when the row is read. */
export type StoredRow = Omit<WorkerRow, 'current_requests' | 'avg_latency_ms' | 'error_count'>;

export class LocalView {
  readonly rows = new Map<string, StoredRow>();
  /** By {@link modelKey}. */
  readonly models = new Map<string, ModelRecord>();
  readonly controllers = new Map<string, ControllerRow>();
  readonly statements = new StatementBook();
  readonly #clock: () => number;
  #lapseUntold = false;
  readonly #listeners = new Set<(change: TableChange) => void>();

  /** @param clock the table's clock, milliseconds since the epoch */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** @param heardAt the table's clock when it was last heard; absent: it is heard now */
  view(health: TableHealth, heardAt?: number): TableView {
    const now = this.#clock();
    this.#lapse(now);
    return {
      workers: Array.from(this.rows.values(), (row) => this.#withLoad(row)),
      models: [...this.models.values()],
      gateways: this.statements.gateways(),
      controllers: [...this.controllers.values()],
      now,
      heard_at: heardAt ?? now,
      health,
    };
  }

  worker(id_worker: string): WorkerRow | undefined {
    this.#lapse(this.#clock());
    const row = this.rows.get(id_worker);
    return row && this.#withLoad(row);
  }

  statementsOf(id_worker: string): readonly WorkerLoad[] {
    this.#lapse(this.#clock());
    return this.statements.of(id_worker);
  }

  /** Gateways that state their load; at least the one that asks. */
  get liveGateways(): number {
    return Math.max(1, this.statements.size);
  }

  heard(): Iterable<HeardStatement> {
    this.#lapse(this.#clock());
    return this.statements.all();
  }

  /** Tells subscribers when members have not spoken for too long. To be called now and then. */
  tick(): void {
    this.#lapse(this.#clock());
    if (!this.#lapseUntold) return;
    this.#lapseUntold = false;
    this.emit({ kind: 'load' });
  }

  /** Forgets who has not spoken for too long. */
  #lapse(now: number): void {
    for (const [id, { last_activity }] of this.controllers) {
      if (now - last_activity > MEMBER_TTL_MS) this.controllers.delete(id);
    }
    // Who only reads must not be called back for it.
    this.#lapseUntold = this.statements.lapse(now) || this.#lapseUntold;
  }

  subscribe(listener: (change: TableChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(change: TableChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  close(): void {
    this.#listeners.clear();
  }

  #withLoad(row: StoredRow): WorkerRow {
    return { ...row, ...combineLoads(this.statements.of(row.id_worker)) };
  }
}
