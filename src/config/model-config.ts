/** What may be configured of one model, whatever file it was read from; absent fields are derived from the model. */
import type { TensorSpec } from '../oip/tensor.ts';

export interface ModelConfig {
  /** Rows per session run. 0: the first dimension is not a batch. Absent: derived from the model (64 if batchable). */
  readonly maxBatchSize?: number;
  /** How long a free session may wait for a batch to fill, in microseconds. Absent: 0, never. */
  readonly maxQueueDelayUs?: number;
  /** Worker processes for each served version. Absent: the server's default. */
  readonly replicas?: number;
  /** ONNX Runtime intra-op threads per worker. Absent: 1. 0: as many as ONNX Runtime chooses, one per core. */
  readonly intraOpThreads?: number;
  /** Whether a request may be run twice. Absent: yes. */
  readonly idempotent?: boolean;
  /** Inputs as declared, shapes with the batch dimension in front where maxBatchSize > 0; must not contradict the model. */
  readonly inputs?: readonly TensorSpec[];
  /** Outputs as declared; likewise. */
  readonly outputs?: readonly TensorSpec[];
  /** The file that said so, for error messages. */
  readonly source?: string;
}
