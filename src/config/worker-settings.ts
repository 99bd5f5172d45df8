/** What a worker process is told when it starts. */
import type { ModelConfig } from './model-config.ts';

export interface WorkerSettings {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly modelPath: string;
  readonly config: ModelConfig;
  /** Where it listens: `turntable+unix:///path` or `turntable://host:port`. */
  readonly endpoint: string;
  readonly heartbeatMs: number;
  readonly maxBodyBytes: number;
  /** How long draining may take after SIGTERM before what is left is dropped. */
  readonly drainMs: number;
}
