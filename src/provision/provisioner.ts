/** The port to whatever makes worker processes: child processes now, containers and machines later. */
import type { ModelConfig } from '../config/model-config.ts';
import type { ModelSignature } from '../oip/tensor.ts';

/** One version of one model, for one worker to serve. */
export interface WorkerOrder {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly modelPath: string;
  readonly config: ModelConfig;
}

/** What is told of a worker's life, in the order in which it happens. */
export type WorkerEvent =
  /** It listens, and has not been tested yet. */
  | {
      readonly type: 'registered';
      readonly id_worker: string;
      readonly endpoint: string;
      readonly slots: number;
      readonly node: string;
      readonly pid: number;
      readonly signature: ModelSignature;
      readonly max_batch_size: number;
    }
  | { readonly type: 'ready'; readonly id_worker: string }
  | { readonly type: 'heartbeat'; readonly id_worker: string; readonly rss_bytes: number }
  | { readonly type: 'draining'; readonly id_worker: string }
  /** Its model does not load; trying again would not help. */
  | { readonly type: 'failed'; readonly id_worker: string; readonly reason: string }
  /** The process is gone. */
  | { readonly type: 'exited'; readonly id_worker: string; readonly reason: string };

export interface Provisioner {
  /** Starts a worker; what becomes of it is told by events. */
  start(order: WorkerOrder): void;
  /** Asks it to finish what it has and go. */
  drain(id_worker: string): void;
  /** Ends it at once. */
  kill(id_worker: string): void;
  /** Sets who is told. */
  onEvent(listener: (event: WorkerEvent) => void): void;
  /** Drains all, kills what does not go in time, and resolves when none is left. */
  close(): Promise<void>;
}
