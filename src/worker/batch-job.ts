/** What a model is to be run on. */
import type { Tensor } from '../oip/tensor.ts';

/** What is to be run, and where the outcome goes. */
export interface BatchJob {
  readonly inputs: readonly Tensor[];
  /** Rows in dimension 0; 1 for a model that is not batchable. */
  readonly rows: number;
  /** Wanted outputs, as indices into the signature. */
  readonly outputs: readonly number[];
  /** When it came, and until when it is of use; by the batcher's clock, milliseconds. */
  readonly arrivedAt: number;
  readonly deadline: number;
  /** Asked before each run: a job nobody waits for is dropped. */
  isCancelled(): boolean;
  /** @param outputs one tensor for each of the job's outputs, in that order */
  onDone(outputs: readonly Tensor[], timing: RunTiming): void;
  onFailed(reason: 'deadline' | 'inference', error: unknown): void;
}

export interface RunTiming {
  /** From arrival to the first run's start, milliseconds. */
  readonly queueMs: number;
  /** Within the session, milliseconds; of a run shared with others the whole. */
  readonly inferMs: number;
  /** Rows of the largest run that the job took part in. */
  readonly batchRows: number;
}
