/** The port by which a worker tells of its life, whoever listens: a supervisor's process or the table itself. */
import type { ModelSignature } from '../oip/tensor.ts';

/** What a worker knows of itself once its model is loaded and it listens. */
export interface WorkerIntroduction {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly endpoint: string;
  readonly slots: number;
  readonly weight: number;
  readonly node: string;
  readonly pid: number;
  readonly signature: ModelSignature;
  /** Rows per run; 0 when it takes one request at a time. */
  readonly max_batch_size: number;
  /** How long a free session may wait for a batch to fill, in microseconds. */
  readonly max_queue_delay_us: number;
  /** Whether a request may be run twice. */
  readonly idempotent: boolean;
  /** Triton's name for what runs the model. */
  readonly platform: string;
}

/** Told in the order of its methods. None rejects because the listener is away: the worker serves all the same. */
export interface WorkerPresence {
  /** It listens, and has not been tested yet. */
  register(introduction: WorkerIntroduction): Promise<void>;
  /** Its test passed: it may take traffic. */
  ready(): Promise<void>;
  heartbeat(load: { readonly rss_bytes: number }): Promise<void>;
  /** It finishes what it has and takes nothing new. */
  draining(): Promise<void>;
  /** All that it had is answered; it ends now. */
  gone(): Promise<void>;
  /** Its model does not load; trying again would not help. */
  failed(reason: string): Promise<void>;
}
