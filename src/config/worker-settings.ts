/** What a worker process is told when it starts. */
import type { ModelConfig } from './model-config.ts';

export interface WorkerSettings {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly modelPath: string;
  readonly config: ModelConfig;
  /** Where it listens: `turntable+unix:///path` or `turntable://host:port`, port 0 being any free one. */
  readonly endpoint: string;
  /** The host that stands in its endpoint for others, where it listens on a port. */
  readonly advertise: string;
  /** Digest of the model's file and configuration. */
  readonly revision: string;
  /** Whether a controller keeps it. */
  readonly supervised: boolean;
  /** Share of the requests that it takes where gateways balance by weight. */
  readonly weight: number;
  /** The table that it writes itself into; undefined where it tells the process that started it. */
  readonly table: { readonly url: string; readonly prefix: string } | undefined;
  readonly heartbeatMs: number;
  readonly maxBodyBytes: number;
  /** How long draining may take after SIGTERM before what is left is dropped. */
  readonly drainMs: number;
}
