/** The result of a run as one object: figures, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { isDisturbed } from '../support/measure-load.ts';
import type { Spread } from '../support/statistics.ts';
import {
  addedCpu,
  commandGrowth,
  commandRates,
  frozenRatio,
  propagationMs,
  type TableSamples,
  throughputRatio,
  tickUs,
  unevenness,
  worst,
} from './figures.ts';
import { judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, unknown>>;
}

export type TableReport = ReturnType<typeof makeReport>;

export function makeReport(samples: TableSamples, { date, machine, settings }: Circumstances) {
  const { cost, commands, propagation, ticks, distribution } = samples;
  const spread = {
    table_cpu_us_per_request: addedCpu(cost, 'serve, redis'),
    table_cpu_us_per_request_gateway_role: addedCpu(cost, 'gateway role, redis'),
    throughput_ratio_redis_vs_memory: throughputRatio(cost, 'serve, redis'),
    throughput_ratio_gateway_role_vs_memory: throughputRatio(cost, 'gateway role, redis'),
    redis_frozen_throughput_ratio: frozenRatio(cost, 'requests_per_second'),
    redis_frozen_p99_ratio: frozenRatio(cost, 'p99_us'),
    distribution_max_over_min_by_pattern: unevenness(distribution, 'timed'),
    distribution_max_over_min_of_fraud: unevenness(distribution, 'fraud'),
  };
  const median = (of: Spread | null) => of?.median ?? null;
  const distributions = Object.entries(spread.distribution_max_over_min_by_pattern);
  const p99 = propagationMs(propagation, 0.99);
  const numbers = {
    table_cpu_us_per_request: median(spread.table_cpu_us_per_request),
    table_cpu_us_per_request_gateway_role: median(spread.table_cpu_us_per_request_gateway_role),
    throughput_ratio_redis_vs_memory: median(spread.throughput_ratio_redis_vs_memory),
    throughput_ratio_gateway_role_vs_memory: median(spread.throughput_ratio_gateway_role_vs_memory),
    redis_frozen_throughput_ratio: median(spread.redis_frozen_throughput_ratio),
    redis_frozen_p99_ratio: median(spread.redis_frozen_p99_ratio),
    redis_commands_ratio_10000_to_100: commandGrowth(commands, 100),
    redis_commands_ratio_10000_to_1000: commandGrowth(commands, 1_000),
    // The worst of what the gateways were doing, and of how the requests came.
    status_propagation_p99_ms: worst(p99),
    distribution_max_over_min: worst(
      Object.fromEntries(distributions.map(([name, of]) => [name, of.median])),
    ),
  };
  const { '0': idle = null, ...redis_commands_per_second } = commandRates(commands, 'commands_per_second');
  return {
    benchmark: 'table' as const,
    date,
    ...numbers,
    redis_commands_per_second,
    redis_commands_per_second_idle: idle,
    redis_client_calls_per_second: commandRates(commands, 'client_calls_per_second'),
    requests_per_second_reached: commandRates(commands, 'requests_per_second'),
    redis_commands_per_second_one_gateway: commandRates(commands, 'commands_per_second', 1),
    status_propagation_p99_ms_by_state: p99,
    status_propagation_p50_ms_by_state: propagationMs(propagation, 0.5),
    status_written_p99_ms_by_state: propagationMs(propagation, 0.99, 'written_ms'),
    tick_us: tickUs(ticks, 'gateway_us', 1),
    redis_tick_us: tickUs(ticks, 'redis_us', 1),
    ticks_per_second: tickUs(ticks, 'ticks_per_second', 1),
    tick_us_tenth_changing: tickUs(ticks, 'gateway_us', 0.1),
    redis_tick_us_tenth_changing: tickUs(ticks, 'redis_us', 0.1),
    failed_requests: countFailures(samples),
    disturbed_samples: {
      disturbed: (cost?.load ?? []).filter(isDisturbed).length,
      of: cost?.load.length ?? 0,
    },
    targets: judge(numbers),
    machine,
    settings,
    spread,
    samples,
  };
}

/** Anything but 0 spoils the figures. */
function countFailures({ cost, commands }: TableSamples): number {
  const freezes = (cost?.freeze ?? []).flatMap(({ before, frozen, after }) => [before, frozen, after]);
  return [...(cost?.load ?? []), ...freezes, ...commands].reduce((sum, { failed }) => sum + failed, 0);
}
