/** How many requests a worker can usefully hold at once, by what was measured of its model. Pure. */

/** Rows that run together at this many times the pace of single ones, or more, are worth collecting. */
const LEAST_GAIN = 1.3;
/** A model that takes one request at a time holds as many as this long a stretch of work needs, within bounds. */
const SINGLE_SLOTS_MS = 4;
const MIN_SLOTS = 2;
const MAX_SINGLE_SLOTS = 32;
/** Shorter runs cannot be told apart. */
const LEAST_RUN_MS = 0.01;

export interface MeasuredModel {
  /** Rows per run at most; 1 where the model does not batch. */
  readonly maxBatchRows: number;
  /** Time of a run of one row, milliseconds; 0 where the model could not be tried. */
  readonly rowMs: number;
  /** How many times as many rows a millisecond a batch comes to as single rows do; undefined where it is not known. */
  readonly gain: number | undefined;
}

/**
 * Two full batches where rows gain by running together: one runs while the other collects. Where they do not, a request
 * that waits at the worker gains nothing by it and loses the choice of another worker.
 */
export function usefulSlots({ maxBatchRows, rowMs, gain = LEAST_GAIN }: MeasuredModel): number {
  if (maxBatchRows > 1 && gain >= LEAST_GAIN) return 2 * maxBatchRows;
  const slots = Math.ceil(SINGLE_SLOTS_MS / Math.max(rowMs, LEAST_RUN_MS));
  return Math.min(MAX_SINGLE_SLOTS, Math.max(MIN_SLOTS, slots));
}
