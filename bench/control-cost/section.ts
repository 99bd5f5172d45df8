/** The benchmark of what control costs, in the report. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed, spreadText } from '../report/spread-text.ts';
import { type Spread, spreadOf } from '../support/statistics.ts';
import { SYSTEMS } from './connection-memory.ts';
import {
  connectionSpread,
  cpuParts,
  cpuTotal,
  memoryCalls,
  redisCommands,
  rowSpread,
  type TableOperations,
  topPlaces,
} from './figures.ts';
import { ROLES, type Role } from './part-of-frame.ts';
import type { ControlCostReport } from './report.ts';
import { ROW_KINDS } from './row-memory.ts';

const TOP_PLACES = 8;
/** Parts below this share of the whole stand in the table alone. */
const LEAST_SHOWN = 0.005;

export function controlCostSection(report: ControlCostReport): Section {
  const pictures = new Map<string, string>();
  const blocks = [
    ...cpuBlocks(report, pictures),
    ...tableBlocks(report),
    ...rowBlocks(report, pictures),
    ...connectionBlocks(report),
  ];
  return { title: 'Cost of control', markdown: blocks.join('\n\n'), pictures };
}

function cpuBlocks(
  { samples: { cpu }, settings }: ControlCostReport,
  pictures: Map<string, string>,
): string[] {
  const roles = ROLES.filter((role) => cpuTotal(cpu, role, 'cpu_us_per_request') !== null);
  if (roles.length === 0) return [];
  for (const role of roles) pictures.set(pictureOf(role), partsPicture(cpuParts(cpu, role), role));
  return [
    'Where the CPU of a request goes: `turntable serve` as it comes, the fraud model on 2 workers, bodies of 2 KB, a closed ' +
      `loop of ${settings.connections} connections. How much there is was read from the system's own accounts while nothing was ` +
      'profiled; how it is shared out comes from CPU profiles in the window after, each sample being given to the file of its ' +
      `innermost frame of ours. Medians of ${settings.rounds} rounds (least–greatest), microseconds per request; the ` +
      'parts add up to what the processes took. Calls that give bytes to the kernel stand by themselves.',
    ...roles.flatMap((role) => [
      `![CPU per request of the ${role} by part](${pictureOf(role)})`,
      markdownTable(
        [`${role}: part`, 'us per request', 'of it'],
        [
          ...partRows(cpuParts(cpu, role), cpuTotal(cpu, role, 'cpu_us_per_request') as Spread),
          ['all', spreadText(cpuTotal(cpu, role, 'cpu_us_per_request'), 1), ''],
          ['of all of it in the kernel', spreadText(cpuTotal(cpu, role, 'kernel_us_per_request'), 1), ''],
          ['all, while profiled', spreadText(cpuTotal(cpu, role, 'profiled_cpu_us_per_request'), 1), ''],
        ],
      ),
      markdownTable(
        [`${role}: function that takes most itself`, 'part', 'us'],
        topPlaces(cpu, role, TOP_PLACES).map(({ place, part, us }) => [`\`${place}\``, part, fixed(us, 2)]),
      ),
    ]),
  ];
}

function pictureOf(role: Role): string {
  return `control-cost-${role}.svg`;
}

function partRows(parts: Readonly<Record<string, Spread>>, total: Spread): string[][] {
  return Object.entries(parts).map(([part, us]) => [
    part,
    spreadText(us, 2),
    `${fixed((100 * us.median) / total.median, 1)} %`,
  ]);
}

function partsPicture(parts: Readonly<Record<string, Spread>>, role: Role): string {
  const whole = Object.values(parts).reduce((sum, { median }) => sum + median, 0);
  const shown = Object.entries(parts).filter(([, { median }]) => median >= LEAST_SHOWN * whole);
  return barChart({
    title: `CPU per request of the ${role}, by part`,
    yLabel: 'microseconds',
    groups: shown.map(([part]) => part),
    series: [
      {
        name: role,
        values: shown.map(([, { median }]) => median),
        low: shown.map(([, { min }]) => min),
        high: shown.map(([, { max }]) => max),
      },
    ],
  });
}

function tableBlocks({ samples: { cpu, commands } }: ControlCostReport): string[] {
  const rows = (name: string, operations: readonly TableOperations[]) =>
    operations.map((one) => [
      name,
      fixed(one.requests_per_second, 0),
      fixed(one.operations_per_second, 0),
      fixed(one.operations_per_request, 4),
    ]);
  const all = [
    ...rows('calls to the table in memory', memoryCalls(cpu)),
    ...rows('calls of clients at Redis', redisCommands(commands, 'client_calls_per_second')),
    ...rows(
      'commands at Redis, those that scripts call included',
      redisCommands(commands, 'commands_per_second'),
    ),
  ];
  if (all.length === 0) return [];
  return [
    'Operations of the control table. No request waits for one: gateways state their load by the clock, at most a hundred times a ' +
      'second, and workers their life, so that per request there are the fewer the more requests there are.',
    markdownTable(['operations', 'requests/s', 'operations/s', 'per request'], all),
  ];
}

function rowBlocks({ samples: { rows } }: ControlCostReport, pictures: Map<string, string>): string[] {
  if (rows === null || rows.length === 0) return [];
  const sizes = [...new Set(rows.map((sample) => sample.rows))];
  pictures.set(
    'control-cost-rows.svg',
    barChart({
      title: 'Memory of a gateway by workers in the table',
      yLabel: 'MB resident',
      groups: sizes.map((size) => `${size} workers`),
      series: ROW_KINDS.map((kind) => ({
        name: kind,
        values: sizes.map((size) => rowSpread(rows, kind, size, 'rss_mb')?.median ?? null),
        low: sizes.map((size) => rowSpread(rows, kind, size, 'rss_mb')?.min ?? null),
        high: sizes.map((size) => rowSpread(rows, kind, size, 'rss_mb')?.max ?? null),
      })),
    }),
  );
  return [
    'Memory of a gateway (its own process, table on Redis) by the workers that the table has, at most a hundred of each model: such ' +
      'that nobody reaches (INACTIVE, which it tries to connect to again and again), and such that it is connected to (ACTIVE). ' +
      'Resident is what the system counts; in use is what is left of the heap and of buffers after garbage was collected. It is sent nothing meanwhile.',
    '![memory by workers in the table](control-cost-rows.svg)',
    markdownTable(
      ['workers in the table', 'MB resident', 'MB in use', 'reached', 'all reached after, ms', 'cores busy'],
      ROW_KINDS.flatMap((kind) =>
        sizes.map((size) => {
          const cell = (quantity: Parameters<typeof rowSpread>[3], digits: number) =>
            spreadText(rowSpread(rows, kind, size, quantity), digits);
          return [
            `${size} ${kind}`,
            ...[cell('rss_mb', 0), cell('held_mb', 1), cell('reached', 0)],
            ...[cell('reached_after_ms', 0), cell('idle_cores_busy', 2)],
          ];
        }),
      ),
    ),
  ];
}

function connectionBlocks({ samples: { connections }, targets }: ControlCostReport): string[] {
  if (connections === null || connections.length === 0) return [];
  const held = spreadOf(connections.map((sample) => sample.connections));
  const line = (name: string, digits: number, read: Parameters<typeof connectionSpread>[2]) => [
    name,
    ...SYSTEMS.map((system) => spreadText(connectionSpread(connections, system, read), digits)),
  ];
  return [
    `${spreadText(held, 0)} idle keep-alive connections, half of which have done a request, the others nothing. Memory is that of the ` +
      'gateway process, and of all processes of NGINX. Latency is that of requests at 500/s beside them, from the intended time.',
    markdownTable(
      ['', ...SYSTEMS],
      [
        line('MB before', 0, ({ rss_before_mb }) => rss_before_mb),
        line('MB with them', 0, ({ rss_mb }) => rss_mb),
        line('KB each', 1, ({ kb_per_connection }) => kb_per_connection),
        line('p50 before, ms', 2, ({ before }) => before.p50_ms),
        line('p50 beside them, ms', 2, ({ beside }) => beside.p50_ms),
        line('p99 before, ms', 2, ({ before }) => before.p99_ms),
        line('p99 beside them, ms', 2, ({ beside }) => beside.p99_ms),
        line('closed before they should be', 0, ({ closed }) => closed),
        line('requests on them not answered', 0, ({ asked, answered }) => asked - answered),
      ],
    ),
    markdownTable(
      ['target', 'limit', 'measured', 'verdict'],
      targets.map(({ figure, comparison, limit, value, verdict }) => [
        figure,
        `${comparison} ${limit}`,
        value === null ? '-' : fixed(value, 1),
        verdict,
      ]),
    ),
  ];
}
