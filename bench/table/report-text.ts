/** The report as a person reads it. */
import type { LoadSample } from '../support/measure-load.ts';
import { type Spread, spreadOf } from '../support/statistics.ts';
import { loadOf } from './figures.ts';
import { percentile } from './propagation.ts';
import type { TableReport } from './report.ts';
import { SYSTEMS } from './table-cost.ts';

const FIRST_COLUMN = 40;
const COLUMN = 26;

export function renderReport(report: TableReport): string {
  const { machine, settings } = report;
  const versions = `node ${machine.node}, redis ${machine.redis}, wrk ${machine.wrk}`;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; ${versions}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians (least..greatest).',
    ],
    costTable(report),
    freezeTable(report),
    commandTable(report),
    propagationTable(report),
    tickTable(report),
    distributionTable(report),
    [
      row('Target', 'limit', 'measured', 'verdict'),
      ...report.targets.map(({ figure, comparison, limit, value, verdict }) =>
        row(figure, `${comparison} ${round(limit, 3)}`, value === null ? '-' : round(value, 3), verdict),
      ),
    ],
    warningLines(report),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function costTable({ samples: { cost }, spread }: TableReport): string[] {
  if (cost === null) return [];
  const line = (name: string, digits: number, quantity: (sample: LoadSample) => number) =>
    row(name, ...SYSTEMS.map((system) => show(spreadOf(loadOf(cost, system).map(quantity)), digits)));
  return [
    row('Under load', ...SYSTEMS),
    line('requests/s', 0, (sample) => sample.requests_per_second),
    line('p99, us', 0, (sample) => sample.p99_us),
    line('gateway CPU us per request', 2, (sample) => sample.gateway_cpu_us_per_request),
    line('workers CPU us per request', 2, (sample) => sample.workers_cpu_us_per_request),
    line('cores busy: idle systems', 2, (sample) => sample.cores_busy.idle_systems),
    line('  programs not of these systems', 2, (sample) => sample.cores_busy.others),
    row(
      'CPU us per request that Redis adds',
      '',
      show(spread.table_cpu_us_per_request, 2),
      show(spread.table_cpu_us_per_request_gateway_role, 2),
    ),
    row(
      'throughput over that in memory',
      '',
      show(spread.throughput_ratio_redis_vs_memory, 3),
      show(spread.throughput_ratio_gateway_role_vs_memory, 3),
    ),
  ];
}

function freezeTable({ samples: { cost }, spread }: TableReport): string[] {
  if (cost === null) return [];
  const seconds = ['before', 'frozen', 'after'] as const;
  const line = (name: string, quantity: 'requests_per_second' | 'p99_us' | 'max_us' | 'failed') =>
    row(name, ...seconds.map((second) => show(spreadOf(cost.freeze.map((one) => one[second][quantity])), 0)));
  return [
    row('Redis frozen for a second', ...seconds),
    line('requests/s', 'requests_per_second'),
    line('p99, us', 'p99_us'),
    line('longest, us', 'max_us'),
    line('failed requests', 'failed'),
    `throughput while frozen over the second before: ${show(spread.redis_frozen_throughput_ratio, 3)}; ` +
      `p99: ${show(spread.redis_frozen_p99_ratio, 2)}`,
  ];
}

function commandTable(report: TableReport): string[] {
  const { commands } = report.samples;
  if (commands.length === 0) return [];
  return [
    row(
      'Commands at Redis',
      'requests/s reached',
      'commands/s, all',
      'calls by clients/s',
      'Redis cores busy',
    ),
    ...commands.map((sample) =>
      row(
        `${sample.gateways} gateways, ${sample.wanted_requests_per_second} requests/s`,
        round(sample.requests_per_second, 0),
        round(sample.commands_per_second, 0),
        round(sample.client_calls_per_second, 0),
        round(sample.redis_cores_busy, 3),
      ),
    ),
    `commands at 10,000 requests/s over those at 100: ${round(report.redis_commands_ratio_10000_to_100, 2)}, ` +
      `at 1,000: ${round(report.redis_commands_ratio_10000_to_1000, 2)}`,
  ];
}

function propagationTable({ samples: { propagation } }: TableReport): string[] {
  if (propagation.length === 0) return [];
  const line = (name: string, quantity: 'last_view_ms' | 'written_ms', part: number) =>
    row(name, ...propagation.map((sample) => round(percentile(sample[quantity], part), 2)));
  return [
    row('A change of status, ms; gateways are', ...propagation.map(({ state }) => state)),
    row('requests/s', ...propagation.map((sample) => round(sample.requests_per_second, 0))),
    line('written, p50', 'written_ms', 0.5),
    line('in the last of 4 views, p50', 'last_view_ms', 0.5),
    line('in the last of 4 views, p99', 'last_view_ms', 0.99),
    line('in the last of 4 views, longest', 'last_view_ms', 1),
  ];
}

function tickTable({ samples: { ticks } }: TableReport): string[] {
  if (ticks.length === 0) return [];
  return [
    row('One exchange of load, us of CPU', 'a gateway', 'Redis', 'ticks/s of each of 4', 'Redis cores busy'),
    ...ticks.map((sample) =>
      row(
        `${sample.rows} workers, ${sample.changing * 100} % changing`,
        show(spreadOf(sample.gateway_us_of_each), 0),
        round(sample.redis_us, 0),
        round(sample.ticks_per_second, 1),
        round(sample.redis_cores_busy, 3),
      ),
    ),
  ];
}

function distributionTable({ samples: { distribution } }: TableReport): string[] {
  if (distribution.length === 0) return [];
  return [
    row('10,000 requests, 3 gateways, 4 workers', 'max/min', 'completed', 'latency, ms'),
    ...distribution.map(({ fleet, pattern, max_over_min, completed, latency_ms }) =>
      row(
        `${fleet}, ${pattern}`,
        round(max_over_min, 4),
        completed.join(' '),
        latency_ms.map((ms) => round(ms, 1)).join(' '),
      ),
    ),
  ];
}

/** Below this part of the requests that were wanted, the commands are those of another load. */
const REACHED = 0.9;

function warningLines({ failed_requests, disturbed_samples, samples }: TableReport): string[] {
  const { disturbed, of } = disturbed_samples;
  const slow = samples.commands.filter(
    (sample) => sample.requests_per_second < REACHED * sample.wanted_requests_per_second,
  );
  const away = samples.ticks.filter(({ outages }) => outages > 0);
  return [
    failed_requests === 0
      ? 'No request failed.'
      : `!!! ${failed_requests} REQUESTS FAILED: nothing is to be used`,
    ...slow.map(
      (sample) =>
        `!!! ${sample.wanted_requests_per_second} requests/s were not to be had with ${sample.gateways} gateways.`,
    ),
    ...away.map(
      ({ rows, changing }) =>
        `!!! With ${rows} workers, ${changing * 100} % changing, the table was away at times.`,
    ),
    ...(disturbed === 0 ? [] : [`!!! ${disturbed} of ${of} samples were disturbed by other programs.`]),
  ];
}

function row(first: string, ...rest: readonly string[]): string {
  return [first.padEnd(FIRST_COLUMN), ...rest.map((cell) => cell.padEnd(COLUMN))].join('').trimEnd();
}

function round(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}

function show(spread: Spread | null, digits: number): string {
  if (spread === null) return '-';
  const { median, min, max } = spread;
  if (min === max) return median.toFixed(digits);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}..${max.toFixed(digits)})`;
}
