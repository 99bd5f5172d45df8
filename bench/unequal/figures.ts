/** What the samples say: a row for each system in each cell, and how Turntable's policies compare. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import type { Cell, Sample } from './measure.ts';
import type { SystemKind } from './systems.ts';

export interface Row extends Cell, SystemKind {
  readonly system: string;
  /** Whether it is what Turntable does when told nothing. */
  readonly is_default: boolean;
  /** How requests came, and how long they took. */
  readonly arrivals: string;
  readonly service: string;
  /** Medians over the rounds; null where too many failed in half of them. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly p99_ms_spread: Spread | null;
  readonly requests: number;
  readonly errors: number;
  /** Of Turntable, to each peer; the median over the rounds of what both did with the same requests. */
  readonly p99_ratio: Readonly<Record<string, number | null>> | null;
  /** The greatest of them: above 1 some peer was better. */
  readonly p99_ratio_vs_best_peer: number | null;
}

export function makeRows(samples: readonly Sample[], defaultPolicy: string): Row[] {
  return cellsOf(samples).flatMap((ofCell) => {
    const names = [...new Set(ofCell.map(({ name }) => name))];
    const bySystem = names.map((name) => ofCell.filter((sample) => sample.name === name));
    const peers = bySystem.filter(([first]) => first!.policy === null);
    return bySystem.map((own): Row => {
      const { name, policy, maxconn, scenario, workload, load } = own[0]!;
      const p99_ratio =
        policy === null
          ? null
          : Object.fromEntries(peers.map((peer) => [peer[0]!.name, pairedRatio(own, peer)]));
      return {
        ...{ system: name, name, policy, maxconn, is_default: policy === defaultPolicy },
        ...{ scenario, workload, load },
        ...(workload === 'lognormal' || workload === 'constant'
          ? { arrivals: 'poisson', service: workload }
          : { arrivals: workload, service: 'generated tokens' }),
        p50_ms: medianOrNull(own.map(({ p50_ms }) => p50_ms)),
        p99_ms: medianOrNull(own.map(({ p99_ms }) => p99_ms)),
        p99_ms_spread: spreadOf(own.map(({ p99_ms }) => p99_ms).filter((ms) => ms !== null)),
        requests: sum(own.map(({ requests }) => requests)),
        errors: sum(own.map(({ errors }) => errors)),
        p99_ratio,
        p99_ratio_vs_best_peer: p99_ratio === null ? null : greatest(Object.values(p99_ratio)),
      };
    });
  });
}

/** The samples of each cell, in the order in which they were first measured. */
function cellsOf(samples: readonly Sample[]): Sample[][] {
  const cells = Object.groupBy(samples, ({ scenario, workload, load }) => `${scenario} ${workload} ${load}`);
  return Object.values(cells).map((ofCell) => ofCell ?? []);
}

/** Null where we failed; a peer that failed is beaten. */
function pairedRatio(own: readonly Sample[], peer: readonly Sample[]): number | null {
  const ratios = own.map(({ round, p99_ms }) => {
    const theirs = peer.find((sample) => sample.round === round)?.p99_ms ?? null;
    if (p99_ms === null) return null;
    return theirs === null ? 0 : p99_ms / theirs;
  });
  return medianOrNull(ratios);
}

/** Null counts as greater than any number. */
function medianOrNull(values: readonly (number | null)[]): number | null {
  const { median = Number.POSITIVE_INFINITY } =
    spreadOf(values.map((value) => value ?? Number.POSITIVE_INFINITY)) ?? {};
  return Number.isFinite(median) ? median : null;
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
  const ratio = (row: Row, quantity: 'p50_ms' | 'p99_ms') =>
    (row[quantity] ?? Infinity) / best(row, quantity);
  return [...new Set(ours.map(({ policy }) => policy!))]
    .map((policy): Ranked => {
      const own = ours.filter((row) => row.policy === policy);
      const worst = own.toSorted((a, b) => ratio(b, 'p99_ms') - ratio(a, 'p99_ms'))[0]!;
      return {
        policy,
        mean_p99_ratio: geometricMean(own.map((row) => ratio(row, 'p99_ms'))),
        worst_p99_ratio: ratio(worst, 'p99_ms'),
        worst_in: `${worst.scenario}, ${worst.workload}, load ${worst.load}`,
        mean_p50_ratio: geometricMean(own.map((row) => ratio(row, 'p50_ms'))),
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
