/** From samples to figures. Ratios are taken within a round, in which all systems were sent the same. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import { INSTANCES } from './instances.ts';
import type { DistributionSample } from './measure.ts';
import { isOurs, SYSTEMS, type SystemName } from './systems.ts';
import { PATTERNS, type Pattern } from './workload.ts';

/** One system with one pattern; over the rounds. */
export interface Row {
  readonly system: SystemName;
  readonly instances: number;
  readonly pattern: Pattern;
  /** Of each worker. */
  readonly counts: readonly Spread[];
  /** Null where some worker was given none in some round. */
  readonly max_over_min: Spread | null;
  /** Null in the closed loop, and where too many requests failed. */
  readonly p50_ms: Spread | null;
  readonly p99_ms: Spread | null;
  readonly requests: number;
  readonly errors: number;
}

export function makeRows(samples: readonly DistributionSample[]): Row[] {
  return INSTANCES.flatMap((instances) =>
    PATTERNS.flatMap((pattern) =>
      SYSTEMS.flatMap((system) => {
        const own = samples.filter(
          (one) => one.system === system && one.instances === instances && one.pattern === pattern,
        );
        return own.length === 0 ? [] : [makeRow(own)];
      }),
    ),
  );
}

function makeRow(own: readonly DistributionSample[]): Row {
  const { system, instances, pattern, counts } = own[0]!;
  return {
    ...{ system, instances, pattern },
    counts: counts.map((_, worker) => spreadOf(own.map((sample) => sample.counts[worker]!))!),
    max_over_min: spreadOrNull(own.map(({ max_over_min }) => max_over_min)),
    p50_ms: spreadOrNull(own.map(({ p50_ms }) => p50_ms)),
    p99_ms: spreadOrNull(own.map(({ p99_ms }) => p99_ms)),
    requests: own.reduce((sum, { requests }) => sum + requests, 0),
    errors: own.reduce((sum, { errors }) => sum + errors, 0),
  };
}

function spreadOrNull(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : spreadOf(known);
}

/** What is judged, by name; null where it was not measured. */
export type Figures = Readonly<Record<string, number | null>>;

export function makeFigures(samples: readonly DistributionSample[], rows: readonly Row[]): Figures {
  const figures: Record<string, number | null> = {};
  for (const instances of INSTANCES) {
    const of = instances === 1 ? '1_gateway' : `${instances}_gateways`;
    for (const system of SYSTEMS) {
      const name = system.replaceAll('-', '_');
      // Of the patterns in which all requests take the same time the one that is worse; the median over the rounds.
      const constant = rows.filter(
        (row) => row.system === system && row.instances === instances && row.pattern !== 'lognormal',
      );
      figures[`${name}_max_over_min_${of}`] = greatest(
        constant.map(({ max_over_min }) => max_over_min?.median ?? null),
      );
    }
    for (const pattern of ['bursts', 'lognormal'] as const) {
      figures[`${pattern}_p99_ratio_vs_best_peer_${of}`] = greatest(
        SYSTEMS.filter((system) => !isOurs(system)).flatMap((peer) => {
          const ratio = p99Ratio(samples, peer, instances, pattern);
          return ratio === null ? [] : [ratio.median];
        }),
      );
    }
  }
  const ours = samples.filter(({ system }) => isOurs(system));
  figures.failed_requests = ours.length === 0 ? null : ours.reduce((sum, { errors }) => sum + errors, 0);
  return figures;
}

/** Of Turntable with its default policy, over a peer; null where one of both has no p99. */
function p99Ratio(
  samples: readonly DistributionSample[],
  peer: SystemName,
  instances: number,
  pattern: Pattern,
): Spread | null {
  const p99Of = (system: SystemName, round: number) =>
    samples.find(
      (one) =>
        one.system === system &&
        one.instances === instances &&
        one.pattern === pattern &&
        one.round === round,
    )?.p99_ms ?? null;
  const rounds = [...new Set(samples.map(({ round }) => round))];
  return spreadOrNull(
    rounds.map((round) => {
      const own = p99Of('turntable', round);
      const theirs = p99Of(peer, round);
      return own === null || theirs === null ? null : own / theirs;
    }),
  );
}

/** Null where one is, or where there are none. */
function greatest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return values.length === 0 || known.length < values.length ? null : Math.max(...known);
}
