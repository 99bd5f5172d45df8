/** The table benchmark in the report. */
import { barChart, lineChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed, spreadText } from '../report/spread-text.ts';
import type { LoadSample } from '../support/measure-load.ts';
import { spreadOf } from '../support/statistics.ts';
import { loadOf } from './figures.ts';
import { percentile } from './propagation.ts';
import type { TableReport } from './report.ts';
import { SYSTEMS } from './table-cost.ts';

export function tableSection(report: TableReport): Section {
  const pictures = new Map([
    ...(report.samples.commands.length > 0 ? [['table-commands.svg', commandsPicture(report)] as const] : []),
    ...(report.samples.propagation.length > 0
      ? [['table-propagation.svg', propagationPicture(report)] as const]
      : []),
    ...(report.samples.ticks.length > 0 ? [['table-ticks.svg', ticksPicture(report)] as const] : []),
  ]);
  const markdown = [
    'What the control table on Redis costs. No request waits for it: gateways choose by a view in memory, say their ' +
      'load by the clock, and hear of changes from a feed.',
    ...cost(report),
    ...commands(report),
    ...propagation(report),
    ...ticks(report),
    ...distribution(report),
  ].join('\n\n');
  return { title: 'The control table on Redis', markdown, pictures };
}

function cost({ samples, spread, settings }: TableReport): string[] {
  if (samples.cost === null) return [];
  const rows = SYSTEMS.map((system) => {
    const of = (quantity: (sample: LoadSample) => number) =>
      spreadOf(loadOf(samples.cost, system).map(quantity));
    return [
      system,
      spreadText(
        of((sample) => sample.requests_per_second),
        0,
      ),
      spreadText(
        of((sample) => sample.p99_us / 1_000),
        2,
      ),
      spreadText(
        of((sample) => sample.gateway_cpu_us_per_request),
        1,
      ),
    ];
  });
  return [
    `The same server with either table, ${settings.rounds} rounds by turns, closed loop of ${settings.connections} connections:`,
    markdownTable(['table', 'requests/s', 'p99, ms', 'CPU of the gateway per request, µs'], rows),
    `On Redis the throughput is ${spreadText(spread.throughput_ratio_redis_vs_memory, 3)} of that in memory, and ` +
      `${spreadText(spread.redis_frozen_throughput_ratio, 3)} of the second before while Redis stands still.`,
  ];
}

function commands(report: TableReport): string[] {
  const { commands: samples } = report.samples;
  if (samples.length === 0) return [];
  const rows = samples.map((sample) => [
    `${gatewaysText(sample.gateways)}, ${fixed(sample.wanted_requests_per_second, 0)} requests/s`,
    fixed(sample.requests_per_second, 0),
    fixed(sample.commands_per_second, 0),
    fixed(sample.redis_cores_busy, 3),
  ]);
  return [
    'Gateways state their load at most 100 times a second, so that from about 100 requests/s at each on, more requests make ' +
      `no more commands at Redis: at 10,000 requests/s ${fixed(report.redis_commands_ratio_10000_to_1000, 2)} times those at 1,000.`,
    markdownTable(['load', 'requests/s reached', 'commands/s', 'Redis, cores busy'], rows),
    '![commands a second at Redis by requests a second](table-commands.svg)',
  ];
}

function gatewaysText(count: number): string {
  return count === 1 ? '1 gateway' : `${count} gateways`;
}

function commandsPicture({ samples: { commands: samples } }: TableReport): string {
  const gateways = [...new Set(samples.map((sample) => sample.gateways))];
  return lineChart({
    title: 'Control table: commands at Redis by load',
    xLabel: 'requests/s',
    yLabel: 'commands/s at Redis',
    xScale: 'log',
    series: [
      ...gateways.map((count) => ({
        name: gatewaysText(count),
        points: samples
          .filter((sample) => sample.gateways === count)
          .map((sample) => ({ x: sample.wanted_requests_per_second, y: sample.commands_per_second })),
      })),
    ],
  });
}

const PARTS = { p50: 0.5, p99: 0.99, longest: 1 } as const;

function propagation({ samples: { propagation: samples } }: TableReport): string[] {
  if (samples.length === 0) return [];
  const rows = samples.map((sample) => [
    sample.state,
    fixed(sample.requests_per_second, 0),
    ...Object.values(PARTS).map((part) => fixed(percentile(sample.last_view_ms, part), 1)),
  ]);
  return [
    `From a change of a worker's status to the last of 4 gateways that shows it, over ${samples[0]?.last_view_ms.length} changes:`,
    markdownTable(['gateways are', 'requests/s', 'p50, ms', 'p99, ms', 'longest, ms'], rows),
    '![time until the last of four gateways shows a change of status](table-propagation.svg)',
  ];
}

function propagationPicture({ samples: { propagation: samples } }: TableReport): string {
  return barChart({
    title: 'Control table: a change of status until the last of 4 gateways shows it',
    yLabel: 'ms',
    yScale: 'log',
    groups: samples.map(({ state }) => `gateways ${state === 'load' ? 'under load' : state}`),
    series: Object.entries(PARTS).map(([name, part]) => ({
      name,
      values: samples.map(({ last_view_ms }) => percentile(last_view_ms, part)),
    })),
  });
}

function ticks({ samples: { ticks: samples } }: TableReport): string[] {
  if (samples.length === 0) return [];
  const rows = samples.map((sample) => [
    `${fixed(sample.rows, 0)} workers, ${sample.changing * 100} % changing`,
    fixed(sample.gateway_us, 0),
    fixed(sample.redis_us, 0),
    fixed(sample.ticks_per_second, 0),
  ]);
  return [
    'One exchange of load between 4 gateways, which each makes up to 100 times a second:',
    markdownTable(['table', 'CPU at a gateway, µs', 'CPU at Redis, µs', 'exchanges/s of each gateway'], rows),
    '![CPU of one exchange of load by workers](table-ticks.svg)',
  ];
}

function ticksPicture({ samples: { ticks: samples } }: TableReport): string {
  const line = (name: string, changing: number, quantity: 'gateway_us' | 'redis_us') => ({
    name: `${name}, ${changing * 100} % changing`,
    points: samples
      .filter((sample) => sample.changing === changing)
      .map((sample) => ({ x: sample.rows, y: sample[quantity] })),
  });
  const changing = [...new Set(samples.map((sample) => sample.changing))];
  return lineChart({
    title: 'Control table: CPU of one exchange of load',
    xLabel: 'workers',
    yLabel: 'µs of CPU',
    xScale: 'log',
    yScale: 'log',
    series: changing.flatMap((part) => [
      line('gateway', part, 'gateway_us'),
      line('Redis', part, 'redis_us'),
    ]),
  });
}

function distribution({ samples: { distribution: samples } }: TableReport): string[] {
  if (samples.length === 0) return [];
  const rows = samples.map(({ fleet, pattern, max_over_min, completed }) => [
    `${fleet} workers, ${pattern}`,
    completed.map((count) => fixed(count, 0)).join(' / '),
    fixed(max_over_min, 4),
  ]);
  return [
    '10,000 requests through 3 gateways to 4 equal workers, each gateway with its own view:',
    markdownTable(['workers and requests', 'completed by each worker', 'largest over smallest'], rows),
  ];
}
