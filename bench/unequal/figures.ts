/** What the samples say: a row for each system in each cell, and how Turntable's policies compare. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import type { Cell, Measured, Sample } from './measure.ts';
import { pooled, quantile } from './quantile.ts';
import { SCENARIOS } from './scenarios.ts';
import type { SystemKind } from './systems.ts';
import { WORKLOADS } from './workload.ts';

export interface Row extends Cell, SystemKind {
  readonly system: string;
  /** Whether it is what Turntable does when told nothing. */
  readonly is_default: boolean;
  /** How requests came, and how long they took. */
  readonly arrivals: string;
  readonly service: string;
  /** Of the requests of all rounds together; null where too many of them failed. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** Of the rounds, each by itself. */
  readonly p99_ms_spread: Spread | null;
  readonly requests: number;
  readonly errors: number;
  /** Of Turntable, to each peer; both were sent the same requests. */
  readonly p99_ratio: Readonly<Record<string, number | null>> | null;
  readonly p99_ratio_spread: Readonly<Record<string, Spread | null>> | null;
  /** The greatest of them: above 1 some peer was better. */
  readonly p99_ratio_vs_best_peer: number | null;
}

export function makeRows(measured: readonly Measured[], defaultPolicy: string): Row[] {
  return cellsOf(measured).flatMap((ofCell) => {
    const names = [...new Set(ofCell.map(({ sample }) => sample.name))];
    const bySystem = names.map((name) => ofCell.filter(({ sample }) => sample.name === name));
    const peers = bySystem.filter(([first]) => first!.sample.policy === null);
    return bySystem.map((own): Row => {
      const samples = own.map(({ sample }) => sample);
      const { name, peer, policy, maxconn, scenario, workload, load } = samples[0]!;
      const againstPeers = <T>(compare: (own: readonly Measured[], peer: readonly Measured[]) => T) =>
        policy === null
          ? null
          : Object.fromEntries(peers.map((other) => [other[0]!.sample.name, compare(own, other)]));
      const p99_ratio = againstPeers(pooledRatio);
      return {
        ...{ system: name, name, peer, policy, maxconn, is_default: policy === defaultPolicy },
        ...{ scenario, workload, load },
        ...(workload === 'lognormal' || workload === 'constant'
          ? { arrivals: 'poisson', service: workload }
          : { arrivals: workload, service: 'generated tokens' }),
        p50_ms: pooledQuantile(own, 0.5),
        p99_ms: pooledQuantile(own, 0.99),
        p99_ms_spread: spreadOf(samples.map(({ p99_ms }) => p99_ms).filter((ms) => ms !== null)),
        requests: sum(samples.map(({ requests }) => requests)),
        errors: sum(samples.map(({ errors }) => errors)),
        p99_ratio,
        p99_ratio_spread: againstPeers(ratioSpread),
        p99_ratio_vs_best_peer: p99_ratio === null ? null : greatest(Object.values(p99_ratio)),
      };
    });
  });
}

/** What was measured in each cell, scenario by scenario. */
function cellsOf(measured: readonly Measured[]): Measured[][] {
  const cells = Object.groupBy(measured, ({ sample: { scenario, workload, load } }) => {
    return `${scenario} ${workload} ${load}`;
  });
  const placeOf = ({ scenario, workload, load }: Cell) =>
    (SCENARIOS.indexOf(scenario) * WORKLOADS.length + WORKLOADS.indexOf(workload)) * 10 + load;
  return Object.values(cells)
    .map((ofCell) => ofCell ?? [])
    .toSorted(([a], [b]) => placeOf(a!.sample) - placeOf(b!.sample));
}

function pooledQuantile(own: readonly Measured[], part: number): number | null {
  return quantile(pooled(own.map(({ latenciesMs }) => latenciesMs)), part);
}

function pooledRatio(own: readonly Measured[], peer: readonly Measured[]): number | null {
  return ratio(pooledQuantile(own, 0.99), pooledQuantile(peer, 0.99));
}

/** Over the rounds in which both were well. */
function ratioSpread(own: readonly Measured[], peer: readonly Measured[]): Spread | null {
  const p99Of = (of: readonly Measured[], round: Sample['round']) =>
    of.find(({ sample }) => sample.round === round)?.sample.p99_ms ?? null;
  const ratios = own.map(({ sample }) => ratio(sample.p99_ms, p99Of(peer, sample.round)));
  return spreadOf(ratios.filter((one) => one !== null));
}

/** Null where we failed; a peer that failed is beaten. */
function ratio(ours: number | null, theirs: number | null): number | null {
  if (ours === null) return null;
  return theirs === null ? 0 : ours / theirs;
}

/** Null where one is, or where there are none. */
export function greatest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length || known.length === 0 ? null : Math.max(...known);
}

export interface Ranked {
  readonly policy: string;
  /** Over all cells, p99 to that of the best policy there: geometric mean, and the worst. */
  readonly mean_p99_ratio: number;
  readonly worst_p99_ratio: number;
  readonly worst_in: string;
  readonly mean_p50_ratio: number;
}

/** The best first, by the geometric mean: no cell counts more because times in it are long. */
export function rankPolicies(rows: readonly Row[]): Ranked[] {
  const ours = rows.filter(({ policy }) => policy !== null);
  const best = (row: Row, quantity: 'p50_ms' | 'p99_ms') =>
    Math.min(...ours.filter((other) => isSameCell(row, other)).map((other) => other[quantity] ?? Infinity));
  const overBest = (row: Row, quantity: 'p50_ms' | 'p99_ms') =>
    (row[quantity] ?? Infinity) / best(row, quantity);
  return [...new Set(ours.map(({ policy }) => policy!))]
    .map((policy): Ranked => {
      const own = ours.filter((row) => row.policy === policy);
      const worst = own.toSorted((a, b) => overBest(b, 'p99_ms') - overBest(a, 'p99_ms'))[0]!;
      return {
        policy,
        mean_p99_ratio: geometricMean(own.map((row) => overBest(row, 'p99_ms'))),
        worst_p99_ratio: overBest(worst, 'p99_ms'),
        worst_in: `${worst.scenario}, ${worst.workload}, load ${worst.load}`,
        mean_p50_ratio: geometricMean(own.map((row) => overBest(row, 'p50_ms'))),
      };
    })
    .toSorted((a, b) => a.mean_p99_ratio - b.mean_p99_ratio);
}

function isSameCell(a: Cell, b: Cell): boolean {
  return a.scenario === b.scenario && a.workload === b.workload && a.load === b.load;
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(sum(values.map(Math.log)) / values.length);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
