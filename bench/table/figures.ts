/** From samples to figures. Ratios are taken within a round, so that a slow minute of the machine hits both sides. */
import type { LoadSample } from '../support/measure-load.ts';
import { type Spread, spreadOf } from '../support/statistics.ts';
import { type CommandSample, PACES } from './command-rate.ts';
import { type DistributionSample, type Fleet, PATTERNS } from './distribution.ts';
import { type PropagationSample, percentile } from './propagation.ts';
import type { CostSystem, TableCost } from './table-cost.ts';
import { ROWS, type TickSample } from './tick-cost.ts';

/** Empty or null where it was not measured. */
export interface TableSamples {
  readonly cost: TableCost | null;
  readonly commands: readonly CommandSample[];
  readonly propagation: readonly PropagationSample[];
  readonly ticks: readonly TickSample[];
  readonly distribution: readonly DistributionSample[];
}

/** Commands at Redis are judged with this many gateways, as most of their commands are. */
const JUDGED_GATEWAYS = 3;

/** CPU of the gateway process that the table on Redis adds to a request: of the medians, and round by round. */
export function addedCpu(cost: TableCost | null, system: CostSystem): Spread | null {
  const ofSystem = cpuOf(cost, system);
  const ofMemory = cpuOf(cost, 'serve, memory');
  const differences = spreadOf(ofSystem.map((cpu, round) => cpu - ofMemory[round]!));
  if (differences === null) return null;
  return { ...differences, median: spreadOf(ofSystem)!.median - spreadOf(ofMemory)!.median };
}

export function throughputRatio(cost: TableCost | null, system: CostSystem): Spread | null {
  const ofMemory = loadOf(cost, 'serve, memory');
  return spreadOf(
    loadOf(cost, system).map(
      (sample, round) => sample.requests_per_second / ofMemory[round]!.requests_per_second,
    ),
  );
}

/** The second in which Redis stood still over the one before. */
export function frozenRatio(
  cost: TableCost | null,
  quantity: 'requests_per_second' | 'p99_us',
): Spread | null {
  return spreadOf((cost?.freeze ?? []).map(({ before, frozen }) => frozen[quantity] / before[quantity]));
}

/** By requests a second. */
export function commandRates(
  samples: readonly CommandSample[],
  quantity: 'commands_per_second' | 'client_calls_per_second' | 'requests_per_second',
  gateways = JUDGED_GATEWAYS,
): Record<string, number> {
  const of = samples.filter((sample) => sample.gateways === gateways);
  return Object.fromEntries(of.map((sample) => [sample.wanted_requests_per_second, sample[quantity]]));
}

/** How many times the commands of the least load the most load makes. */
export function commandGrowth(samples: readonly CommandSample[], from: (typeof PACES)[number]) {
  const rates = commandRates(samples, 'commands_per_second');
  const most = rates[Math.max(...PACES)];
  const least = rates[from];
  return most === undefined || least === undefined ? null : most / least;
}

/** By state of the gateways; p99 unless said otherwise. */
export function propagationMs(
  samples: readonly PropagationSample[],
  part: number,
  quantity: 'last_view_ms' | 'written_ms' = 'last_view_ms',
): Record<string, number> {
  return Object.fromEntries(samples.map((sample) => [sample.state, percentile(sample[quantity], part)]));
}

/** By number of workers. */
export function tickUs(
  samples: readonly TickSample[],
  quantity: 'gateway_us' | 'redis_us' | 'ticks_per_second',
  changing: number,
): Record<string, number> {
  const of = samples.filter((sample) => sample.changing === changing);
  return Object.fromEntries(
    ROWS.flatMap((rows) =>
      of.filter((sample) => sample.rows === rows).map((sample) => [rows, sample[quantity]]),
    ),
  );
}

/** By pattern of the requests. */
export function unevenness(all: readonly DistributionSample[], fleet: Fleet): Record<string, Spread> {
  const samples = all.filter((sample) => sample.fleet === fleet);
  const entries = Object.keys(PATTERNS).map(
    (pattern) =>
      [
        pattern,
        spreadOf(samples.filter((sample) => sample.pattern === pattern).map((sample) => sample.max_over_min)),
      ] as const,
  );
  return Object.fromEntries(entries.flatMap(([name, spread]) => (spread === null ? [] : [[name, spread]])));
}

export function worst(values: Readonly<Record<string, number>>): number | null {
  const numbers = Object.values(values);
  return numbers.length === 0 ? null : Math.max(...numbers);
}

export function loadOf(cost: TableCost | null, system: CostSystem): LoadSample[] {
  return (cost?.load ?? []).filter((sample) => sample.system === system);
}

function cpuOf(cost: TableCost | null, system: CostSystem): number[] {
  return loadOf(cost, system).map((sample) => sample.gateway_cpu_us_per_request);
}
