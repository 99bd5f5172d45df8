/** From samples to figures. Ratios are taken within a round, so that a slow minute of the machine hits both sides. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import { SERIES, type Series } from './bodies.ts';
import type { UsersSample } from './measure.ts';
import { COMPARED_USERS } from './options.ts';
import { PEERS, type PeerName, SYSTEMS, type SystemName } from './systems.ts';

/** One system with one number of users; over the rounds. */
export interface Row {
  readonly series: Series;
  readonly users: number;
  readonly system: SystemName;
  readonly requests_per_second: Spread;
  readonly p50_us: Spread;
  readonly p90_us: Spread;
  readonly p99_us: Spread;
  readonly cpu_us_per_request: Spread;
  readonly requests: number;
  readonly failed: number;
}

export function makeRows(samples: readonly UsersSample[]): Row[] {
  const cells = Map.groupBy(samples, ({ series, users, system }) => `${series} ${users} ${system}`);
  const place = ({ series, users, system }: Row) => [SERIES.indexOf(series), users, SYSTEMS.indexOf(system)];
  const rows = [...cells.values()].map((own): Row => {
    const { series, users, system } = own[0]!;
    const over = (quantity: (sample: UsersSample) => number) => spreadOf(own.map(quantity))!;
    return {
      ...{ series, users, system },
      requests_per_second: over((sample) => sample.requests_per_second),
      p50_us: over((sample) => sample.p50_us),
      p90_us: over((sample) => sample.p90_us),
      p99_us: over((sample) => sample.p99_us),
      cpu_us_per_request: over((sample) => sample.cpu_us_per_request),
      requests: own.reduce((sum, { requests }) => sum + requests, 0),
      failed: own.reduce((sum, { failed }) => sum + failed, 0),
    };
  });
  return rows.toSorted((a, b) => {
    const [left, right] = [place(a), place(b)];
    return left.map((value, index) => value - right[index]!).find((difference) => difference !== 0) ?? 0;
  });
}

export function inMs({ median, min, max }: Spread): Spread {
  return { median: median / 1_000, min: min / 1_000, max: max / 1_000 };
}

/** Turntable over another system at `COMPARED_USERS`; null where one of both was not measured. */
export interface Comparison {
  readonly series: Series;
  readonly other: SystemName;
  readonly throughput_ratio: Spread | null;
  readonly p99_ratio: Spread | null;
  readonly cpu_ratio: Spread | null;
}

export function compare(samples: readonly UsersSample[]): Comparison[] {
  return SERIES.flatMap((series) => {
    const of = (name: SystemName) =>
      samples.filter(
        ({ system, users, series: its }) => system === name && users === COMPARED_USERS && its === series,
      );
    const ours = of('turntable');
    return SYSTEMS.filter((name) => name !== 'turntable').map((other): Comparison => {
      const theirs = of(other);
      const ratio = (quantity: (sample: UsersSample) => number) =>
        spreadOf(
          ours.flatMap((own) =>
            theirs.filter(({ round }) => round === own.round).map((their) => quantity(own) / quantity(their)),
          ),
        );
      return {
        ...{ series, other },
        throughput_ratio: ratio((sample) => sample.requests_per_second),
        p99_ratio: ratio((sample) => sample.p99_us),
        cpu_ratio: ratio((sample) => sample.cpu_us_per_request),
      };
    });
  });
}

/** What is judged, by name; null where it was not measured. */
export type Figures = Readonly<Record<string, number | null>>;

export function makeFigures(samples: readonly UsersSample[], comparisons: readonly Comparison[]): Figures {
  const entries = SERIES.flatMap((series) => {
    const own = comparisons.filter((one) => one.series === series);
    const versus = own.flatMap(({ other, throughput_ratio, p99_ratio, cpu_ratio }) => {
      const name = other.replaceAll('-', '_');
      return [
        [`${series}_throughput_ratio_vs_${name}`, throughput_ratio?.median ?? null],
        [`${series}_p99_ratio_vs_${name}`, p99_ratio?.median ?? null],
        [`${series}_cpu_ratio_vs_${name}`, cpu_ratio?.median ?? null],
      ] as const;
    });
    const peers = own.filter(({ other }) => PEERS.includes(other as PeerName));
    const medians = (quantity: 'throughput_ratio' | 'p99_ratio') =>
      peers.flatMap((peer) => peer[quantity]?.median ?? []);
    return [
      ...versus,
      [`${series}_throughput_ratio_vs_best_peer`, extreme(Math.min, medians('throughput_ratio'))] as const,
      [`${series}_p99_ratio_vs_best_peer`, extreme(Math.max, medians('p99_ratio'))] as const,
    ];
  });
  const ours = samples.filter(({ system }) => system === 'turntable');
  const failed = ours.length === 0 ? null : ours.reduce((sum, sample) => sum + sample.failed, 0);
  return { ...Object.fromEntries(entries), failed_requests: failed };
}

function extreme(of: (...values: number[]) => number, values: readonly number[]): number | null {
  return values.length === 0 ? null : of(...values);
}
