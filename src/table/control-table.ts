/** The port of the process control table: the one truth that gateways, monitors and control loops share. */
import type { LoadStatement, WorkerLoad } from './load-statement.ts';
import type { CommandResult, ModelCommand, ModelRecord } from './model-record.ts';
import type { WorkerRegistration, WorkerRow, WorkerStatus } from './worker-row.ts';

/** Result of a compare-and-set of a status. */
export type TransitionResult =
  | 'changed'
  /** The row is not in the status that the caller believed. */
  | 'conflict'
  /** No such change is ever legal. */
  | 'illegal'
  /** There is no such row. */
  | 'unknown';

export type RegisterResult = 'registered' /** This id is or was in use (promise CT1). */ | 'reused';

export type RemoveResult = 'removed' | 'illegal' | 'unknown';

/** What a worker says when it gives a sign of life. */
export interface Heartbeat {
  readonly id_worker: string;
  readonly rss_bytes: number;
}

/** A consistent picture of the table, read without I/O. */
export interface TableView {
  readonly workers: readonly WorkerRow[];
  readonly models: readonly ModelRecord[];
  /** The table's clock when the picture was taken, milliseconds since the epoch. */
  readonly now: number;
}

/** What changed; the picture itself is read with {@link ControlTable.view}. */
export type TableChange =
  | { readonly kind: 'worker'; readonly id_worker: string }
  | { readonly kind: 'model'; readonly id_model: string }
  | { readonly kind: 'load' };

export interface ControlTable {
  /** The current picture from local memory: no I/O, fit for the data path. */
  view(): TableView;
  /** One row of it, or undefined. */
  worker(id_worker: string): WorkerRow | undefined;
  /** Calls back after each change, in order; returns the way to stop it. Listeners must not throw. */
  subscribe(listener: (change: TableChange) => void): () => void;

  /** Adds a row in status INACTIVE. */
  register(registration: WorkerRegistration): Promise<RegisterResult>;
  /** Changes a status if it still is `from` and the change is legal (promise CT2). */
  transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason?: string,
  ): Promise<TransitionResult>;
  /** Notes a sign of life by the table's clock (promise CT7). Unknown workers are ignored. */
  heartbeat(beat: Heartbeat): Promise<void>;
  remove(id_worker: string): Promise<RemoveResult>;

  /** Replaces all that this gateway said before (promise CT3). */
  state(statement: LoadStatement): Promise<void>;
  /** Withdraws a gateway's statement at once, when it leaves in order. */
  retract(id_gateway: string): Promise<void>;
  /** What each live gateway says of a worker. */
  statementsOf(id_worker: string): readonly WorkerLoad[];

  /** Adds or replaces the record of a model version. */
  putModel(record: ModelRecord): Promise<void>;
  removeModel(id_model: string, version: string): Promise<void>;

  /** Puts a wish to the acting controller and waits for its answer. */
  command(command: Omit<ModelCommand, 'id'>, signal: AbortSignal): Promise<CommandResult>;
  /** Serves such wishes; one controller does so at a time. */
  serveCommands(handler: (command: ModelCommand) => Promise<CommandResult>): () => void;

  close(): Promise<void>;
}
