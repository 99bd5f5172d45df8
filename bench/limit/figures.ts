/** How far from the limit Turntable is, and what the processors did meanwhile. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import { CELLS, type CellName, type LimitModel } from './cells.ts';
import type { LimitSample, LoopSample } from './measure-limit.ts';

/** ONNX Runtime alone, a process on each core. */
export interface LoopRow {
  readonly model: LimitModel;
  readonly batch_rows: number;
  readonly rows_per_second: Spread;
  readonly cpu_us_per_row: Spread;
  /** Whether it is the limit: no batch size has a higher median. */
  readonly best: boolean;
}

/** Microseconds of processor time of each request. */
export interface CpuPerRequest {
  readonly load_generator_us: Spread;
  readonly gateway_us: Spread;
  readonly workers_us: Spread;
}

/** Microseconds of each request by the workers' clock: where a process waits for a core meanwhile, that is in it. */
export interface WorkerClock {
  readonly decode_us: Spread;
  readonly infer_us: Spread;
  readonly encode_us: Spread;
}

/** Parts of all cores over the window; in each measurement they add up to 1. */
export interface CoreShares {
  /** Processor time that ONNX Runtime alone takes for the rows at its best: the fraction of the limit, if undisturbed. */
  readonly limit_inference: number;
  /** What ONNX Runtime alone takes more for them in batches as small as they were. */
  readonly smaller_batches: number;
  /** By the clock, and short: that a process waited for a core meanwhile is hardly in it. */
  readonly decode: number;
  readonly encode: number;
  /** Of the workers' processor time: the channel, batching, threads, and inference with colder caches. */
  readonly workers_rest: number;
  readonly gateway: number;
  readonly load_generator: number;
  /** Programs not of this run, and what the hypervisor withheld. */
  readonly others: number;
  readonly idle: number;
}

export interface CellRow {
  readonly cell: CellName;
  readonly body_bytes: number;
  readonly requests_per_second: Spread;
  readonly rows_per_second: Spread;
  readonly p99_us: Spread;
  /** Rows of a run, on average. */
  readonly batch_rows: Spread;
  readonly failed: number;
  /** Rows a second over those of ONNX Runtime alone on all cores, in the same round. */
  readonly fraction_of_limit: Spread | null;
  /** The same on the cores less what the load generator took of them. */
  readonly fraction_without_load_generator: Spread | null;
  readonly cpu: CpuPerRequest;
  readonly clock: WorkerClock;
  /** Inference by the clock over the workers' processor time; above 1 where it waited for cores. */
  readonly inference_share_of_workers: Spread;
  /** Medians over the rounds. */
  readonly shares: CoreShares | null;
}

export interface Figures {
  readonly loops: readonly LoopRow[];
  readonly cells: readonly CellRow[];
}

export function makeFigures(
  load: readonly LimitSample[],
  onnx: readonly LoopSample[],
  cores: number,
): Figures {
  const loops = makeLoopRows(onnx);
  const names = [...new Set(load.map(({ cell }) => cell))];
  return { loops, cells: names.map((name) => makeCellRow(name, load, onnx, loops, cores)) };
}

function makeLoopRows(onnx: readonly LoopSample[]): LoopRow[] {
  const kinds = Object.values(Object.groupBy(onnx, ({ model, batch_rows }) => `${model} ${batch_rows}`));
  const rows = kinds.map((samples = []) => ({
    ...{ model: samples[0]!.model, batch_rows: samples[0]!.batch_rows },
    rows_per_second: spreadOf(samples.map(({ rows_per_second }) => rows_per_second))!,
    cpu_us_per_row: spreadOf(samples.map(({ cpu_us_per_row }) => cpu_us_per_row))!,
  }));
  const most = (model: LimitModel) =>
    Math.max(...rows.filter((row) => row.model === model).map((row) => row.rows_per_second.median));
  return rows
    .map((row) => ({ ...row, best: row.rows_per_second.median === most(row.model) }))
    .toSorted((a, b) => a.model.localeCompare(b.model) || a.batch_rows - b.batch_rows);
}

function makeCellRow(
  cell: CellName,
  load: readonly LimitSample[],
  onnx: readonly LoopSample[],
  loops: readonly LoopRow[],
  cores: number,
): CellRow {
  const own = load.filter((sample) => sample.cell === cell);
  const { model } = CELLS[cell];
  const best = loops.find((row) => row.model === model && row.best)?.batch_rows;
  const limitOf = ({ round }: LimitSample) =>
    onnx.find((one) => one.model === model && one.batch_rows === best && one.round === round)
      ?.rows_per_second;
  const spread = (quantity: (sample: LimitSample) => number) => spreadOf(own.map(quantity))!;
  const limited = own.flatMap((sample) => {
    const limit = limitOf(sample);
    return limit === undefined ? [] : [{ sample, fraction: sample.rows_per_second / limit }];
  });
  const ofModel = loops.filter((row) => row.model === model);
  const shares = ofModel.length === 0 ? [] : own.map((sample) => sharesOf(sample, ofModel, cores));
  return {
    ...{ cell, body_bytes: own[0]!.body_bytes },
    requests_per_second: spread(({ requests_per_second }) => requests_per_second),
    rows_per_second: spread(({ rows_per_second }) => rows_per_second),
    p99_us: spread(({ p99_us }) => p99_us),
    batch_rows: spread(({ batch_rows }) => batch_rows),
    failed: own.reduce((sum, { failed }) => sum + failed, 0),
    fraction_of_limit: spreadOf(limited.map(({ fraction }) => fraction)),
    fraction_without_load_generator: spreadOf(
      limited.map(({ sample, fraction }) => (fraction * cores) / (cores - sample.cores_busy.load_generator)),
    ),
    cpu: {
      load_generator_us: spread((sample) => sample.load_generator_cpu_us_per_request),
      gateway_us: spread((sample) => sample.gateway_cpu_us_per_request),
      workers_us: spread((sample) => sample.workers_cpu_us_per_request),
    },
    clock: {
      decode_us: spread(({ decode_us }) => decode_us),
      infer_us: spread(({ infer_us }) => infer_us),
      encode_us: spread(({ encode_us }) => encode_us),
    },
    inference_share_of_workers: spread(
      ({ infer_us, workers_cpu_us_per_request }) => infer_us / workers_cpu_us_per_request,
    ),
    shares: shares.length === 0 ? null : medianShares(shares),
  };
}

/**
 * Processor time of a run: linear between the batch sizes that were measured, and in proportion to rows beyond them.
 * @param loops of one model, in ascending order of batch sizes
 */
function runUs(loops: readonly LoopRow[], batchRows: number): number {
  const above = loops.find(({ batch_rows }) => batch_rows >= batchRows) ?? loops.at(-1)!;
  const below = loops.findLast(({ batch_rows }) => batch_rows <= batchRows) ?? loops[0]!;
  const whole = ({ batch_rows, cpu_us_per_row }: LoopRow) => batch_rows * cpu_us_per_row.median;
  if (above.batch_rows === below.batch_rows) return batchRows * above.cpu_us_per_row.median;
  const part = (batchRows - below.batch_rows) / (above.batch_rows - below.batch_rows);
  return whole(below) + part * (whole(above) - whole(below));
}

function sharesOf(sample: LimitSample, loops: readonly LoopRow[], cores: number): CoreShares {
  /** Of what each request takes. */
  const share = (us: number) => (us * sample.requests_per_second) / 1e6 / cores;
  const gateway = share(sample.gateway_cpu_us_per_request);
  const workers = share(sample.workers_cpu_us_per_request);
  const load_generator = sample.cores_busy.load_generator / cores;
  const others = (sample.cores_busy.others + sample.cores_busy.stolen) / cores;
  const decode = share(sample.decode_us);
  const encode = share(sample.encode_us);
  const { rows } = CELLS[sample.cell];
  const limit_inference = share(rows * loops.find((row) => row.best)!.cpu_us_per_row.median);
  const inference = share((rows * runUs(loops, sample.batch_rows)) / sample.batch_rows);
  return {
    limit_inference,
    smaller_batches: inference - limit_inference,
    ...{ decode, encode },
    workers_rest: workers - inference - decode - encode,
    ...{ gateway, load_generator, others },
    idle: 1 - gateway - workers - load_generator - others,
  };
}

function medianShares(shares: readonly CoreShares[]): CoreShares {
  const names = Object.keys(shares[0]!) as (keyof CoreShares)[];
  const medians = names.map((name) => [name, spreadOf(shares.map((one) => one[name]))!.median]);
  return Object.fromEntries(medians) as unknown as CoreShares;
}
