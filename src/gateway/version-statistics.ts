/** What the gateway has counted of one model version; read by the metrics and by the statistics endpoint. */
import type { WorkerTimings } from '../channel/messages.ts';
import { BATCH_BOUNDS, DURATION_BOUNDS_S, Histogram } from '../telemetry/histogram.ts';

/** A count of events and the time that they took. */
export interface DurationTotal {
  count: number;
  ns: number;
}

/** What runs of one size took. */
export interface BatchTotal {
  readonly computeInput: DurationTotal;
  readonly computeInfer: DurationTotal;
  readonly computeOutput: DurationTotal;
}

/** Why a request was refused or given up without a worker's answer. */
export const REFUSALS = [
  /** As many wait as may, in number or bytes. */
  'queue_full',
  /** It would have to wait for longer than its time allows. */
  'too_late',
  /** A more important one took its place. */
  'displaced',
  /** It waited for as long as any may. */
  'waited_too_long',
  /** Nobody serves its version, and nobody is about to. */
  'no_worker',
  /** As many are under way, in number or bytes, as the gateway holds of one model or of all. */
  'gateway_full',
  /** Its time ran out, or was sure to before an answer could come. */
  'timed_out',
  /** A worker was lost over it, and it could not be sent again. */
  'not_retried',
] as const;
export type RefusalReason = (typeof REFUSALS)[number];

/** Sizes that are told apart; a model whose batches are larger than this has its rest in the largest. */
const MAX_BATCH_SIZES = 256;

export class VersionStatistics {
  /** Requests under way, waiting ones included. */
  inFlight = 0;
  /** Requests that were sent again because a worker failed them. */
  retries = 0;
  /** Requests that were sent to a second worker because the first was slow. */
  hedges = 0;
  /** Times that a worker was left alone for what it did. */
  ejections = 0;
  readonly refusals = new Map<RefusalReason, number>();
  /** Answers by HTTP status; the set of statuses is bounded by what the gateway sends. */
  readonly byStatus = new Map<number, number>();
  readonly durationSeconds = new Histogram(DURATION_BOUNDS_S);
  readonly queueSeconds = new Histogram(DURATION_BOUNDS_S);
  readonly batchRows = new Histogram(BATCH_BOUNDS);
  /** Rows that were inferred. */
  inferences = 0;
  /** Session runs: a request of r rows in a run of b rows accounts for r/b of it, which adds up to whole runs. */
  executions = 0;
  readonly success = zero();
  readonly fail = zero();
  readonly queue = zero();
  readonly computeInput = zero();
  readonly computeInfer = zero();
  readonly computeOutput = zero();
  /** By rows of a run. */
  readonly byBatchRows = new Map<number, BatchTotal>();
  /** Milliseconds since the epoch of the last inference; 0 before the first. */
  lastInference = 0;

  /**
   * Notes a request that was answered with 200.
   * @param durationMs from its head to its answer, all included
   * @param waitedMs in the gateway for a worker with a free slot
   */
  onAnswered(durationMs: number, waitedMs: number, timings: WorkerTimings, epochMs: number): void {
    const { queueUs, decodeUs, inferUs, encodeUs, rows, batchRows } = timings;
    this.#count(200);
    this.durationSeconds.observe(durationMs / 1e3);
    this.queueSeconds.observe(waitedMs / 1e3 + queueUs / 1e6);
    this.batchRows.observe(batchRows);
    // Of a run that was shared, this request's part.
    const share = rows / Math.max(1, batchRows);
    this.inferences += rows;
    this.executions += share;
    this.lastInference = epochMs;
    add(this.success, durationMs * 1e6);
    add(this.queue, waitedMs * 1e6 + queueUs * 1e3);
    add(this.computeInput, decodeUs * 1e3);
    add(this.computeInfer, inferUs * 1e3);
    add(this.computeOutput, encodeUs * 1e3);
    const batch = this.#batch(Math.min(batchRows, MAX_BATCH_SIZES));
    add(batch.computeInput, decodeUs * 1e3, share);
    add(batch.computeInfer, inferUs * 1e3, share);
    add(batch.computeOutput, encodeUs * 1e3, share);
  }

  /** Notes why a request was not answered; its status is noted apart. */
  onRefused(reason: RefusalReason): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  /** Notes a request that ended with another status. */
  onFailed(status: number): void {
    this.#count(status);
    this.fail.count++;
  }

  #batch(rows: number): BatchTotal {
    let batch = this.byBatchRows.get(rows);
    if (!batch) {
      batch = { computeInput: zero(), computeInfer: zero(), computeOutput: zero() };
      this.byBatchRows.set(rows, batch);
    }
    return batch;
  }

  #count(status: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
  }
}

function zero(): DurationTotal {
  return { count: 0, ns: 0 };
}

function add(total: DurationTotal, ns: number, share = 1): void {
  total.count += share;
  total.ns += ns * share;
}
