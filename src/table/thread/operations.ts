/** What the two sides of a table that threads share can ask of each other. */
import type {
  Heartbeat,
  HeartbeatResult,
  RegisterResult,
  RemoveResult,
  TableHealth,
  TransitionResult,
} from '../control-table.ts';
import type { WorkerLoad } from '../load-statement.ts';
import type { StoredRow } from '../local-view.ts';
import type { Candidate, ControllerRow, GatewayRow } from '../member.ts';
import type { CommandResult, ModelCommand, ModelDescription, ModelRecord } from '../model-record.ts';
import type { WorkerRegistration, WorkerStatus } from '../worker-row.ts';

/** What a gateway says that is not what it said before. */
export interface StatementChange {
  /** `last_activity` is by the table's clock, and of no account on the way to the table. */
  readonly gateway: GatewayRow;
  readonly loads: readonly WorkerLoad[];
  /** Whether it says nothing of all other workers; else what it said of them stands. */
  readonly isAll: boolean;
}

/** A sign of life of a worker. */
export interface Beat {
  readonly id_worker: string;
  readonly last_activity: number;
  readonly rss_bytes: number;
}

/** What changes without a word of its own, looked for now and then. */
export interface Look {
  /** The table's clock. */
  readonly now: number;
  readonly heard_at: number;
  readonly health: TableHealth;
  readonly controllers: readonly ControllerRow[];
  readonly beats: readonly Beat[];
}

/** What the other gateways say now; what the thread's own say it knows itself. */
export interface News {
  readonly said: readonly StatementChange[];
  /** Gateways that are there no more. */
  readonly left: readonly string[];
  readonly look: Look | undefined;
}

/** The table as a thread first sees it. */
export interface Picture {
  readonly rows: readonly StoredRow[];
  readonly models: readonly ModelRecord[];
  readonly news: News;
}

/** Asked of the side that has the table. */
export interface TableOperations {
  /** From its answer on the thread is told of all that changes. */
  open(): Picture;
  register(registration: WorkerRegistration): Promise<RegisterResult>;
  describeModel(description: ModelDescription): Promise<void>;
  transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason?: string,
  ): Promise<TransitionResult>;
  heartbeat(beat: Heartbeat): Promise<HeartbeatResult>;
  remove(id_worker: string): Promise<RemoveResult>;
  /** Answered with what others say, unless that is on its way. */
  state(change: StatementChange): Promise<News | undefined>;
  retract(id_gateway: string): Promise<void>;
  putModel(record: ModelRecord): Promise<void>;
  removeModel(id_model: string, version: string): Promise<void>;
  /** @param key of the thread, to abandon it by */
  command(key: number, command: Omit<ModelCommand, 'id'>): Promise<CommandResult>;
  abandon(key: number): void;
  /** Whether the thread serves commands from now on. */
  serveCommands(serves: boolean): void;
  campaign(candidate: Candidate): Promise<void>;
  resign(): Promise<void>;
}

/** Asked of a thread. */
export interface ThreadOperations {
  row(id_worker: string, row: StoredRow | undefined): void;
  models(id_model: string, records: readonly ModelRecord[]): void;
  restored(): void;
  /** The next is sent once this is answered, so that a thread that is stuck is not buried. */
  news(news: News): void;
  /** Answered when all that was sent before has been taken. */
  settle(): void;
  carryOut(command: ModelCommand): Promise<CommandResult>;
  term(term: number | undefined): void;
}
