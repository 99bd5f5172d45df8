/** What waits for a run of the session, and which of it goes into the next one. */
import type { ModelSignature, Tensor } from '../oip/tensor.ts';
import type { BatchJob } from './batch-job.ts';
import type { RunTimes } from './run-times.ts';

export interface Waiting {
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
export interface Share {
  readonly waiting: Waiting;
  readonly from: number;
  readonly rows: number;
}

export interface BatchQueueOptions {
  readonly signature: ModelSignature;
  /** Rows per run; 1 where the signature is not batchable. */
  readonly maxBatchRows: number;
  readonly runTimes: RunTimes;
}

export class BatchQueue {
  readonly #options: BatchQueueOptions;
  #waiting: Waiting[] = [];

  constructor(options: BatchQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(job: BatchJob): void {
    this.#waiting.push({
      job,
      shapeKey: this.#options.signature.batchable ? shapeKey(job.inputs) : '',
      rowElements: elementsOf(job.inputs) / job.rows,
      nextRow: 0,
      startedAt: undefined,
      inferMs: 0,
      batchRows: 0,
      slices: [],
    });
  }

  remove(waiting: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
  }

  /**
   * How long a free session may wait for more rows, milliseconds; 0 when what waits fills a run, has begun, or has no time.
   * @param maxDelayMs of the oldest job, since it came
   */
  leewayMs(maxDelayMs: number, now: number): number {
    const { maxBatchRows, runTimes } = this.#options;
    const first = this.#waiting[0];
    if (!first || first.startedAt !== undefined) return 0;
    const until = first.job.arrivedAt + maxDelayMs;
    const mustEndBy = until + runTimes.expectedMs(this.#elementsOfRunWith(first));
    let rows = 0;
    for (const { job, nextRow } of this.#waiting) {
      rows += job.rows - nextRow;
      if (job.deadline < mustEndBy) return 0;
    }
    return rows >= maxBatchRows ? 0 : Math.max(until - now, 0);
  }

  /**
   * Takes the oldest job and all compatible ones that fit beside it, dropping what is no longer wanted, and what its
   * time is too short for: of a job that has begun, when its time is over; of another, when it would be before its end.
   */
  take(now: number): Share[] {
    const { maxBatchRows, signature, runTimes } = this.#options;
    let elements = -1;
    let doubted = -1;
    let runMs = 0;
    let judgedKey: string | undefined;
    const shares: Share[] = [];
    const left: Waiting[] = [];
    let room = maxBatchRows;
    let key: string | undefined;
    for (const waiting of this.#waiting) {
      const { job } = waiting;
      if (job.isCancelled()) continue;
      // Beyond the first that is taken all are judged by its run, which they share or wait for.
      if (key === undefined && (judgedKey !== waiting.shapeKey || !signature.batchable)) {
        judgedKey = waiting.shapeKey;
        elements = this.#elementsOfRunWith(waiting);
        runMs = runTimes.expectedMs(elements);
      }
      const neededMs = waiting.startedAt === undefined ? runMs * Math.ceil(job.rows / maxBatchRows) : 0;
      if (now + neededMs > job.deadline) {
        // An expectation that is wrong must not keep the model from ever showing it.
        if (now <= job.deadline && doubted !== elements) {
          runTimes.doubt(elements);
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
    this.#waiting = left;
    return shares;
  }

  /** Elements of the largest run that a job could take part in now. */
  #elementsOfRunWith({ shapeKey, rowElements }: Waiting): number {
    const { maxBatchRows, signature } = this.#options;
    if (!signature.batchable) return rowElements;
    let rows = 0;
    for (const waiting of this.#waiting) {
      if (waiting.shapeKey === shapeKey) rows += waiting.job.rows - waiting.nextRow;
      if (rows >= maxBatchRows) return maxBatchRows * rowElements;
    }
    return rows * rowElements;
  }
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
