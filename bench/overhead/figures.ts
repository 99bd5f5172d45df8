/** From samples to figures. Ratios are taken within a round, so that a slow minute of the machine hits both sides. */
import type { LoadSample } from '../support/measure-load.ts';
import { type Spread, spreadOf } from '../support/statistics.ts';
import type { LoadRounds } from './load-rounds.ts';
import type { Neighbour, NeighbourTest } from './neighbour.ts';
import { WORKERS } from './systems.ts';

export interface OverheadSamples extends LoadRounds {
  readonly neighbour: NeighbourTest | null;
  readonly rows_per_request: number;
  /** Microseconds of choosing a worker among 100. */
  readonly pick_worker_us: number;
}

/** Null where a side of the comparison was not measured. */
export interface Figures {
  readonly cpu_ratio_vs_nginx: Spread | null;
  readonly throughput_ratio_vs_nginx: Spread | null;
  readonly p99_ratio_vs_nginx: Spread | null;
  readonly added_p50_us: Spread | null;
  /** Turntable's rows/s over those of ONNX Runtime alone with a process for each of Turntable's workers. */
  readonly fraction_of_limit: Spread | null;
  readonly pick_worker_us: Spread | null;
  readonly gateway_idle_memory_mb: Spread | null;
  readonly gateway_memory_after_load_mb: Spread | null;
  /** p99 of small requests beside a neighbour over p99 without one. */
  readonly neighbour_p99_ratio: Spread | null;
  /** The same over p99 beside a neighbour who uses another gateway: the gateway's own part of it. */
  readonly neighbour_p99_ratio_vs_other_gateway: Spread | null;
}

export function computeFigures(samples: OverheadSamples): Figures {
  const { load, single_connection, onnx, gateway_memory_mb, neighbour } = samples;
  const turntable = ofSystem(load, 'turntable');
  const nginx = ofSystem(load, 'nginx');
  const limit = onnx.filter((sample) => sample.processes === WORKERS);
  const memory = (value: number | undefined) => spreadOf(value === undefined ? [] : [value]);
  const small = (kind: Neighbour) =>
    (neighbour?.samples ?? []).filter((sample) => sample.neighbour === kind).map((sample) => sample.small);
  const p99Ratio = (a: LoadSample, b: LoadSample) => a.p99_us / b.p99_us;
  return {
    cpu_ratio_vs_nginx: paired(turntable, nginx, (a, b) => a.cpu_us_per_request / b.cpu_us_per_request),
    throughput_ratio_vs_nginx: paired(
      turntable,
      nginx,
      (a, b) => a.requests_per_second / b.requests_per_second,
    ),
    p99_ratio_vs_nginx: paired(turntable, nginx, p99Ratio),
    added_p50_us: paired(
      ofSystem(single_connection, 'turntable'),
      ofSystem(single_connection, 'direct'),
      (a, b) => a.p50_us - b.p50_us,
    ),
    fraction_of_limit: paired(
      turntable,
      limit,
      (a, b) => (a.requests_per_second * samples.rows_per_request) / b.rows_per_second,
    ),
    pick_worker_us: spreadOf([samples.pick_worker_us]),
    gateway_idle_memory_mb: memory(gateway_memory_mb?.after_start),
    gateway_memory_after_load_mb: memory(gateway_memory_mb?.after_load),
    neighbour_p99_ratio: paired(small('same gateway'), small('none'), p99Ratio),
    neighbour_p99_ratio_vs_other_gateway: paired(small('same gateway'), small('other gateway'), p99Ratio),
  };
}

/** Requests that were not answered well, by system; anything but 0 spoils the comparison. */
export function countFailures({
  load,
  single_connection,
  neighbour,
}: OverheadSamples): Record<string, number> {
  const failures: Record<string, number> = {};
  for (const { system, failed } of [...load, ...single_connection]) {
    failures[system] = (failures[system] ?? 0) + failed;
  }
  for (const { small, large_failed } of neighbour?.samples ?? []) {
    failures.neighbour_small = (failures.neighbour_small ?? 0) + small.failed;
    failures.neighbour_large = (failures.neighbour_large ?? 0) + large_failed;
  }
  return failures;
}

export function ofSystem(samples: readonly LoadSample[], system: string): LoadSample[] {
  return samples.filter((sample) => sample.system === system);
}

function paired<A, B>(as: readonly A[], bs: readonly B[], figure: (a: A, b: B) => number): Spread | null {
  return spreadOf(as.slice(0, bs.length).map((a, round) => figure(a, bs[round]!)));
}
