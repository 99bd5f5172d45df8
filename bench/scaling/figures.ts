/** What the samples of a run of the scaling benchmark amount to. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import type { ModelName } from './options.ts';
import type { ScalingSample } from './scaling-run.ts';

export interface Row {
  readonly model: ModelName;
  readonly workers: number;
  readonly threads: number;
  readonly requests_per_second: Spread;
  readonly p50_us: Spread;
  readonly p99_us: Spread;
  readonly cpu_us_per_request: Spread;
  readonly gateway_cpu_us_per_request: Spread;
  readonly gateway_cores: Spread;
  readonly workers_cores: Spread;
  readonly generator_cores: Spread;
  /** Over one thread of the same round. */
  readonly throughput_ratio: Spread;
  readonly cpu_ratio: Spread;
  readonly failed: number;
}

export interface Figures {
  /** Of the model that costs nothing, before the most workers: two threads over one. */
  readonly throughput_ratio_2_threads: number | null;
  readonly gateway_cpu_ratio_2_threads: number | null;
  readonly failed_requests: number;
}

/** One for each setting, in the order in which they were first measured. */
export function makeRows(samples: readonly ScalingSample[]): Row[] {
  const settings = new Map<string, ScalingSample[]>();
  for (const sample of samples) {
    const key = `${sample.model} ${sample.workers} ${sample.threads}`;
    settings.set(key, [...(settings.get(key) ?? []), sample]);
  }
  return Array.from(settings.values(), (own) => rowOf(own, samples)).sort(
    (a, b) => a.model.localeCompare(b.model) || a.workers - b.workers || a.threads - b.threads,
  );
}

function rowOf(own: readonly ScalingSample[], all: readonly ScalingSample[]): Row {
  const { model, workers, threads } = own[0]!;
  const spread = (quantity: (sample: ScalingSample) => number) => spreadOf(own.map(quantity))!;
  const overOne = (quantity: (sample: ScalingSample) => number) =>
    spread((sample) => {
      const one = all.find(
        (other) =>
          other.threads === 1 &&
          other.model === model &&
          other.workers === workers &&
          other.round === sample.round,
      );
      return quantity(sample) / quantity(one!);
    });
  return {
    ...{ model, workers, threads },
    requests_per_second: spread((sample) => sample.requests_per_second),
    p50_us: spread((sample) => sample.p50_us),
    p99_us: spread((sample) => sample.p99_us),
    cpu_us_per_request: spread((sample) => sample.cpu_us_per_request),
    gateway_cpu_us_per_request: spread((sample) => sample.gateway_cpu_us_per_request),
    gateway_cores: spread((sample) => sample.gateway_cores),
    workers_cores: spread((sample) => sample.cores_busy.system - sample.gateway_cores),
    generator_cores: spread((sample) => sample.cores_busy.load_generator),
    throughput_ratio: overOne((sample) => sample.requests_per_second),
    cpu_ratio: overOne((sample) => sample.gateway_cpu_us_per_request),
    failed: own.reduce((sum, { failed }) => sum + failed, 0),
  };
}

export function makeFigures(rows: readonly Row[]): Figures {
  const echo = rows.filter(({ model, threads }) => model === 'echo' && threads === 2).at(-1);
  return {
    throughput_ratio_2_threads: echo?.throughput_ratio.median ?? null,
    gateway_cpu_ratio_2_threads: echo?.cpu_ratio.median ?? null,
    failed_requests: rows.reduce((sum, { failed }) => sum + failed, 0),
  };
}
