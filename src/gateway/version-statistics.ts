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

/** Sizes that are told apart; a model whose batches are larger than this has its rest in the largest. */
const MAX_BATCH_SIZES = 256;

export class VersionStatistics {
  /** Requests under way, waiting ones included. */
  inFlight = 0;
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
   * Notes an answered request.
   * @param durationMs from acceptance to the answer, gateway and waiting included
   */
  onAnswered(status: number, durationMs: number, timings: WorkerTimings, epochMs: number): void {
    this.#count(status, durationMs);
    add(this.success, durationMs * 1e6);
    this.queueSeconds.observe(timings.queueUs / 1e6);
    this.batchRows.observe(timings.batchRows);
    this.inferences += timings.rows;
    this.executions += timings.rows / Math.max(1, timings.batchRows);
    this.lastInference = epochMs;
    add(this.queue, timings.queueUs * 1e3);
    add(this.computeInput, timings.decodeUs * 1e3);
    add(this.computeInfer, timings.inferUs * 1e3);
    add(this.computeOutput, timings.encodeUs * 1e3);
    const batch = this.#batch(Math.min(timings.batchRows, MAX_BATCH_SIZES));
    add(batch.computeInput, timings.decodeUs * 1e3);
    add(batch.computeInfer, timings.inferUs * 1e3);
    add(batch.computeOutput, timings.encodeUs * 1e3);
  }

  /** Notes a request that ended with an error. */
  onFailed(status: number, durationMs: number): void {
    this.#count(status, durationMs);
    add(this.fail, durationMs * 1e6);
  }

  #batch(rows: number): BatchTotal {
    let batch = this.byBatchRows.get(rows);
    if (!batch) {
      batch = { computeInput: zero(), computeInfer: zero(), computeOutput: zero() };
      this.byBatchRows.set(rows, batch);
    }
    return batch;
  }

  #count(status: number, durationMs: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.durationSeconds.observe(durationMs / 1000);
  }
}

function zero(): DurationTotal {
  return { count: 0, ns: 0 };
}

function add(total: DurationTotal, ns: number): void {
  total.count++;
  total.ns += ns;
}
