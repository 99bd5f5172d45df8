/**
 * Work-conserving batching: the moment the session is free, it runs whatever compatible rows wait.
 *
 * It never waits idly for a batch to fill, unless the model's configuration asks for a delay. A request with
 * more rows than one run takes is run in slices, and goes behind the others after each of them, so that it
 * does not hold them up. What cannot be done in its time is not begun.
 */
import type { ModelSignature, Tensor } from '../oip/tensor.ts';
import type { BatchJob } from './batch-job.ts';
import { BatchQueue, type Share, type Waiting } from './batch-queue.ts';
import type { InferenceSession } from './inference-session.ts';
import { RunTimes } from './run-times.ts';
import { concatRows, type RowRange, sliceRows } from './tensor-rows.ts';

export interface BatcherOptions {
  readonly session: InferenceSession;
  readonly signature: ModelSignature;
  /** Rows per run; 1 where the signature is not batchable. */
  readonly maxBatchRows: number;
  /** How long a free session may wait for a batch to fill, milliseconds. */
  readonly maxDelayMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #runTimes = new RunTimes();
  readonly #queue: BatchQueue;
  #scheduled = false;
  #running = false;
  #delay: NodeJS.Timeout | undefined;

  constructor(options: BatcherOptions) {
    const { signature, maxBatchRows } = options;
    this.#options = options;
    this.#queue = new BatchQueue({ signature, maxBatchRows, runTimes: this.#runTimes });
  }

  /** Jobs that wait for a run. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(job: BatchJob): void {
    this.#queue.add(job);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    // Not at once: the rest of what the same read brought belongs in the same run.
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#running && !this.#mayWait()) void this.#run();
    });
  }

  /** Whether the configured delay lets the session wait for more rows; arms the timer that ends it. */
  #mayWait(): boolean {
    const { maxDelayMs, now } = this.#options;
    const leewayMs = maxDelayMs > 0 ? this.#queue.leewayMs(maxDelayMs, now()) : 0;
    if (leewayMs <= 0) return false;
    this.#delay ??= setTimeout(() => {
      this.#delay = undefined;
      if (!this.#running) void this.#run();
    }, leewayMs);
    return true;
  }

  async #run(): Promise<void> {
    clearTimeout(this.#delay);
    this.#delay = undefined;
    this.#running = true;
    try {
      for (let shares = this.#take(); shares.length > 0; shares = this.#take()) {
        await this.#runShares(shares);
        if (this.#mayWait()) break;
      }
    } finally {
      this.#running = false;
    }
    if (this.#queue.size > 0 && this.#delay === undefined) this.#schedule();
  }

  #take(): Share[] {
    return this.#queue.take(this.#options.now());
  }

  async #runShares(shares: readonly Share[]): Promise<void> {
    const { signature, session, now } = this.#options;
    const wanted = wantedOutputs(shares);
    const start = now();
    let rows = 0;
    for (const share of shares) {
      share.waiting.startedAt ??= start;
      rows += share.rows;
    }
    let outputs: readonly Tensor[];
    try {
      const inputs = signature.batchable
        ? signature.inputs.map((spec, i) =>
            concatRows(
              spec.datatype,
              shares.map((share) => inputRange(share, i)),
            ),
          )
        : (shares[0] as Share).waiting.job.inputs;
      outputs = await session.run(inputs, wanted);
      if (signature.batchable) this.#checkRows(outputs, rows);
    } catch (error) {
      await this.#onRunFailed(shares, error);
      return;
    }
    const inferMs = now() - start;
    this.#runTimes.record(rows * (shares[0] as Share).waiting.rowElements, inferMs);
    let at = 0;
    for (const share of shares) {
      const { waiting } = share;
      const own = waiting.job.outputs.map((index) => {
        const output = outputs[wanted.indexOf(index)] as Tensor;
        return signature.batchable ? sliceRows(output, at, share.rows) : output;
      });
      at += share.rows;
      waiting.slices.push(own);
      waiting.inferMs += inferMs;
      waiting.batchRows = Math.max(waiting.batchRows, rows);
      if (waiting.nextRow >= waiting.job.rows) this.#finish(waiting);
    }
  }

  /** A run of several jobs that fails says nothing of each: they are run one by one, so that a bad one fails alone. */
  async #onRunFailed(shares: readonly Share[], error: unknown): Promise<void> {
    if (shares.length === 1) {
      const { waiting } = shares[0] as Share;
      this.#queue.remove(waiting);
      waiting.job.onFailed('inference', error);
      return;
    }
    for (const share of shares) await this.#runShares([share]);
  }

  #checkRows(outputs: readonly Tensor[], rows: number): void {
    for (const output of outputs) {
      if (output.shape[0] !== rows) {
        throw new Error(
          `the model gave ${output.shape[0]} rows for a batch of ${rows}; set max_batch_size to 0`,
        );
      }
    }
  }

  #finish(waiting: Waiting): void {
    const { job } = waiting;
    if (job.isCancelled()) return;
    const { signature } = this.#options;
    const outputs = job.outputs.map((index, i) => {
      const datatype = signature.outputs[index]?.datatype ?? 'FP32';
      const slices = waiting.slices.map((slice) => slice[i] as Tensor);
      return slices.length === 1 ? (slices[0] as Tensor) : concatRows(datatype, slices.map(wholeRange));
    });
    job.onDone(outputs, {
      queueMs: (waiting.startedAt ?? job.arrivedAt) - job.arrivedAt,
      inferMs: waiting.inferMs,
      batchRows: waiting.batchRows,
    });
  }
}

function inputRange(share: Share, input: number): RowRange {
  return { tensor: share.waiting.job.inputs[input] as Tensor, from: share.from, rows: share.rows };
}

function wholeRange(tensor: Tensor): RowRange {
  return { tensor, from: 0, rows: tensor.shape[0] ?? 0 };
}

function wantedOutputs(shares: readonly Share[]): readonly number[] {
  if (shares.length === 1) return (shares[0] as Share).waiting.job.outputs;
  const wanted = new Set<number>();
  for (const share of shares) for (const index of share.waiting.job.outputs) wanted.add(index);
  return [...wanted];
}
