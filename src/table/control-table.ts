/** The port of the process control table: the one truth that gateways, monitors and control loops share. */
import type { HeardStatement, LoadStatement, WorkerLoad } from './load-statement.ts';
import type { Candidate, ControllerRow, GatewayRow, Leadership, TermListener } from './member.ts';
import type { CommandResult, ModelCommand, ModelDescription, ModelRecord } from './model-record.ts';
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

/**
 * What the table has of the worker that gave a sign of life. removed: somebody removed its row, and its id is not
 * to be used again. unknown: there is no such row and never was, as far as the table knows; a table that was lost
 * answers so, and the worker may register again.
 */
export type HeartbeatResult = WorkerStatus | 'removed' | 'unknown';

/** Whether the table can be reached and takes changes. */
export interface TableHealth {
  readonly available: boolean;
  /**
   * Since when, by the table's clock, it has been as it is: available without a gap, or away. That nobody was heard
   * of before says nothing of anybody (promise CT6).
   */
  readonly since: number;
  /** Why it is not available, for people; empty when it is. */
  readonly reason: string;
  /** Times that it became unavailable since this process began. */
  readonly outages: number;
}

/** A consistent picture of the table, read without I/O. */
export interface TableView {
  readonly workers: readonly WorkerRow[];
  readonly models: readonly ModelRecord[];
  readonly gateways: readonly GatewayRow[];
  readonly controllers: readonly ControllerRow[];
  /** The table's clock when the picture was taken, milliseconds since the epoch. */
  readonly now: number;
  /** The table's clock when it was last heard: of what came later the picture does not know. */
  readonly heard_at: number;
  readonly health: TableHealth;
}

/** What changed; the picture itself is read with {@link ControlTable.view}. */
export type TableChange =
  | { readonly kind: 'worker'; readonly id_worker: string }
  | { readonly kind: 'model'; readonly id_model: string }
  /** The load of these workers, as gateways state it; absent: of any. */
  | { readonly kind: 'load'; readonly id_workers?: ReadonlySet<string> }
  /** The table was read anew after a gap: what was written before may be lost, and is to be said again. */
  | { readonly kind: 'restored' };

/** What a worker process writes of itself. */
export interface WorkerTable {
  /** Adds a row in status INACTIVE. */
  register(registration: WorkerRegistration): Promise<RegisterResult>;

  /** Says what a version that a worker has loaded looks like; adds its record if there is none. It is READY then. */
  describeModel(description: ModelDescription): Promise<void>;

  /** Changes a status if it still is `from` and the change is legal (promise CT2). */
  transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason?: string,
  ): Promise<TransitionResult>;

  /** Notes a sign of life by the table's clock (promise CT7). */
  heartbeat(beat: Heartbeat): Promise<HeartbeatResult>;

  remove(id_worker: string): Promise<RemoveResult>;

  close(): Promise<void>;
}

/**
 * All changes reject with TABLE_AWAY or TABLE_REFUSED when the table is away or takes none, and, once campaign()
 * was called, with NOT_ACTING unless this candidate acts.
 */
export interface ControlTable extends WorkerTable {
  /** The current picture from local memory: no I/O, fit for the data path. */
  view(): TableView;

  /** One row of it, or undefined. */
  worker(id_worker: string): WorkerRow | undefined;

  /** Calls back after each change, in order; returns the way to stop it. Listeners must not throw. */
  subscribe(listener: (change: TableChange) => void): () => void;

  /** Replaces all that this gateway said before (promise CT3). While the table is away nothing is said. */
  state(statement: LoadStatement): Promise<void>;

  /** Withdraws a gateway's statement at once, when it leaves in order. */
  retract(id_gateway: string): Promise<void>;

  /** What each live gateway says of a worker. */
  statementsOf(id_worker: string): readonly WorkerLoad[];

  /** What each live gateway says of all workers. No I/O, no copy: to be read at once. */
  heard(): Iterable<HeardStatement>;

  /** Requests in flight there by all live gateways but this one. No I/O, no allocation. */
  loadOfOthers(id_worker: string, id_gateway: string): number;

  /** Gateways that state their load, this one included; at least 1. */
  readonly liveGateways: number;

  /** Adds or replaces the record of a model version. */
  putModel(record: ModelRecord): Promise<void>;

  removeModel(id_model: string, version: string): Promise<void>;

  /** Puts a wish to the acting controller and waits for its answer. */
  command(command: Omit<ModelCommand, 'id'>, signal: AbortSignal): Promise<CommandResult>;

  /** Serves such wishes while this process's candidate acts. */
  serveCommands(handler: (command: ModelCommand) => Promise<CommandResult>): () => void;

  /**
   * Stands for acting controller. Resolves once it is known whether it acts at first; the listener has been told so
   * then.
   */
  campaign(candidate: Candidate, listener: TermListener): Promise<Leadership>;
}
