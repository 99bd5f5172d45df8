/** Where requests' time went in the workers, by the server's own statistics (`/v2/models/NAME/stats`). */

interface Duration {
  readonly count: number;
  readonly ns: number;
}

/** The part of the statistics extension that is read. */
interface VersionStatistics {
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<'success' | 'compute_input' | 'compute_output', Duration>>;
  readonly batch_stats: readonly { readonly compute_infer: Duration }[];
}

/** Counted since the server started. */
export interface ModelCounts {
  readonly requests: number;
  readonly rows: number;
  readonly runs: number;
  readonly decodeUs: number;
  /** Of all runs, each counted once, however many requests shared it. */
  readonly inferUs: number;
  readonly encodeUs: number;
}

/** In time that passed at the worker, not in processor time: where processes wait for a core, that is in it. */
export interface WorkerTimes {
  /** Rows of a run, on average. */
  readonly batch_rows: number;
  /** Microseconds of each request; of a shared run its part. */
  readonly decode_us: number;
  readonly infer_us: number;
  readonly encode_us: number;
}

export async function readModelCounts(inferUrl: string, signal: AbortSignal): Promise<ModelCounts> {
  const response = await fetch(inferUrl.replace(/\/infer$/, '/stats'), { signal });
  const { model_stats } = (await response.json()) as { model_stats: readonly VersionStatistics[] };
  const statistics = model_stats[0];
  if (statistics === undefined) throw new Error('the server has no statistics of the model');
  const { inference_stats, batch_stats } = statistics;
  return {
    requests: inference_stats.success.count,
    rows: statistics.inference_count,
    runs: statistics.execution_count,
    decodeUs: inference_stats.compute_input.ns / 1e3,
    inferUs: batch_stats.reduce((sum, { compute_infer }) => sum + compute_infer.ns, 0) / 1e3,
    encodeUs: inference_stats.compute_output.ns / 1e3,
  };
}

export function workerTimes(before: ModelCounts, after: ModelCounts): WorkerTimes {
  const requests = after.requests - before.requests;
  return {
    batch_rows: (after.rows - before.rows) / Math.max(1, after.runs - before.runs),
    decode_us: (after.decodeUs - before.decodeUs) / requests,
    infer_us: (after.inferUs - before.inferUs) / requests,
    encode_us: (after.encodeUs - before.encodeUs) / requests,
  };
}
