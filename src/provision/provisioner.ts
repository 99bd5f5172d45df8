/** The port to whatever makes worker processes: child processes now, containers and machines later. */
import type { ModelConfig } from '../config/model-config.ts';

/** One version of one model, for one worker to serve. */
export interface WorkerOrder {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly modelPath: string;
  readonly config: ModelConfig;
  /** Digest of the model's file and configuration. */
  readonly revision: string;
}

/** What the process control table does not tell of a worker. */
export type WorkerEvent =
  /** Its model does not load; trying again would not help. */
  | { readonly type: 'failed'; readonly id_worker: string; readonly reason: string }
  /** The process is gone. Nothing that it said takes effect any more. */
  | { readonly type: 'exited'; readonly id_worker: string; readonly reason: string };

export interface Provisioner {
  /** Starts a worker, which puts itself into the table. */
  start(order: WorkerOrder): void;
  /** Asks it to finish what it has and go. Nothing where it is none of ours. */
  drain(id_worker: string): void;
  /** Ends it at once. Nothing where it is none of ours. */
  kill(id_worker: string): void;
  /** Whether it was started here and its exit has not been told yet. */
  has(id_worker: string): boolean;
  /** Sets who is told. */
  onEvent(listener: (event: WorkerEvent) => void): void;
  /** Drains all, kills what does not go in time, and resolves when none is left. */
  close(): Promise<void>;
}
