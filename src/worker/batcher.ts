/**
 * Work-conserving batching: the moment the session is free, it runs whatever compatible rows wait.
 *
 * It never waits idly for a batch to fill, unless the model's configuration asks for a delay. A request with
 * more rows than one run takes is run in slices, and goes behind the others after each of them, so that it
 * does not hold them up. What cannot be done in its time is not begun.
 */
import type { ModelSignature, Tensor } from '../oip/tensor.ts';
import type { InferenceSession } from './inference-session.ts';
import { RunTimes } from './run-times.ts';
import { concatRows, type RowRange, sliceRows } from './tensor-rows.ts';

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

interface Waiting {
  readonly job: BatchJob;
  /** Which jobs may share a run: those of equal shapes behind dimension 0. */
  readonly shapeKey: string;
  /** Elements of a row in all inputs; of the whole job where the signature is not batchable. */
  readonly rowElements: number;
  nextRow: number;
  startedAt: number | undefined;
  inferMs: number;
  batchRows: number;
  /** Outputs of the slices so far, for each wanted output. */
  readonly slices: Tensor[][];
}

/** A waiting job's share of one run. */
interface Share {
  readonly waiting: Waiting;
  readonly from: number;
  readonly rows: number;
}

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #runTimes = new RunTimes();
  #queue: Waiting[] = [];
  #scheduled = false;
  #running = false;
  #delay: NodeJS.Timeout | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** Jobs that wait for a run. */
  get waiting(): number {
    return this.#queue.length;
  }

  add(job: BatchJob): void {
    this.#queue.push({
      job,
      shapeKey: this.#options.signature.batchable ? shapeKey(job.inputs) : '',
      rowElements: elementsOf(job.inputs) / job.rows,
      nextRow: 0,
      startedAt: undefined,
      inferMs: 0,
      batchRows: 0,
      slices: [],
    });
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
    const { maxDelayMs, maxBatchRows, now } = this.#options;
    const first = this.#queue[0];
    if (maxDelayMs <= 0 || !first) return false;
    const until = first.job.arrivedAt + maxDelayMs;
    const mustEndBy = until + this.#runTimes.expectedMs(this.#elementsOfRunWith(first));
    let rows = 0;
    for (const { job, nextRow } of this.#queue) {
      rows += job.rows - nextRow;
      if (job.deadline < mustEndBy) return false;
    }
    const left = until - now();
    if (rows >= maxBatchRows || left <= 0 || first.startedAt !== undefined) return false;
    this.#delay ??= setTimeout(() => {
      this.#delay = undefined;
      if (!this.#running) void this.#run();
    }, left);
    return true;
  }

  async #run(): Promise<void> {
    clearTimeout(this.#delay);
    this.#delay = undefined;
    this.#running = true;
    try {
      for (let shares = this.#takeBatch(); shares.length > 0; shares = this.#takeBatch()) {
        await this.#runShares(shares);
        if (this.#mayWait()) break;
      }
    } finally {
      this.#running = false;
    }
    if (this.#queue.length > 0 && this.#delay === undefined) this.#schedule();
  }

  /**
   * Takes the oldest job and all compatible ones that fit beside it, dropping what is no longer wanted, and what its
   * time is too short for: of a job that has begun, when its time is over; of another, when it would be before its end.
   */
  #takeBatch(): Share[] {
    const { maxBatchRows, signature } = this.#options;
    const now = this.#options.now();
    let elements = -1;
    let doubted = -1;
    let runMs = 0;
    let judgedKey: string | undefined;
    const shares: Share[] = [];
    const left: Waiting[] = [];
    let room = maxBatchRows;
    let key: string | undefined;
    for (const waiting of this.#queue) {
      const { job } = waiting;
      if (job.isCancelled()) continue;
      // Beyond the first that is taken all are judged by its run, which they share or wait for.
      if (key === undefined && (judgedKey !== waiting.shapeKey || !signature.batchable)) {
        judgedKey = waiting.shapeKey;
        elements = this.#elementsOfRunWith(waiting);
        runMs = this.#runTimes.expectedMs(elements);
      }
      const neededMs = waiting.startedAt === undefined ? runMs * Math.ceil(job.rows / maxBatchRows) : 0;
      if (now + neededMs > job.deadline) {
        // An expectation that is wrong must not keep the model from ever showing it.
        if (now <= job.deadline && doubted !== elements) {
          this.#runTimes.doubt(elements);
          doubted = elements;
        }
        job.onFailed('deadline', undefined);
        continue;
      }
      const fits = key === undefined || (signature.batchable && waiting.shapeKey === key);
      if (room === 0 || !fits) {
        left.push(waiting);
        continue;
      }
      key = waiting.shapeKey;
      const rows = Math.min(room, job.rows - waiting.nextRow);
      shares.push({ waiting, from: waiting.nextRow, rows });
      waiting.nextRow += rows;
      room -= signature.batchable ? rows : room;
    }
    for (const share of shares) if (share.waiting.nextRow < share.waiting.job.rows) left.push(share.waiting);
    this.#queue = left;
    return shares;
  }

  /** Elements of the largest run that a job could take part in now. */
  #elementsOfRunWith({ shapeKey, rowElements }: Waiting): number {
    const { maxBatchRows, signature } = this.#options;
    if (!signature.batchable) return rowElements;
    let rows = 0;
    for (const waiting of this.#queue) {
      if (waiting.shapeKey === shapeKey) rows += waiting.job.rows - waiting.nextRow;
      if (rows >= maxBatchRows) return maxBatchRows * rowElements;
    }
    return rows * rowElements;
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
      this.#queue = this.#queue.filter((other) => other !== waiting);
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

function elementsOf(inputs: readonly Tensor[]): number {
  let elements = 0;
  for (const { data } of inputs) elements += data.length;
  return elements;
}

function shapeKey(inputs: readonly Tensor[]): string {
  let key = '';
  for (const input of inputs) {
    for (let i = 1; i < input.shape.length; i++) key += `${input.shape[i]},`;
    key += ';';
  }
  return key;
}
