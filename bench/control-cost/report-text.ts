/** The report as a person reads it. */
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
import { OTHER, ROLES } from './part-of-frame.ts';
import type { ControlCostReport } from './report.ts';
import { ROW_KINDS } from './row-memory.ts';

const FIRST_COLUMN = 40;
const COLUMN = 26;
const TOP_PLACES = 8;

export function renderReport(report: ControlCostReport): string {
  const { machine, settings } = report;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; node ${machine.node}, nginx ${machine.nginx}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least..greatest).',
    ],
    ...ROLES.map((role) => cpuLines(report, role)),
    tableLines(report),
    rowLines(report),
    connectionLines(report),
    verdictLines(report),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function cpuLines({ samples: { cpu } }: ControlCostReport, role: (typeof ROLES)[number]): string[] {
  const total = cpuTotal(cpu, role, 'cpu_us_per_request');
  if (total === null) return [];
  const parts = Object.entries(cpuParts(cpu, role));
  const place = ({ place, us }: { place: string; us: number }) => `    ${us.toFixed(2)} ${place}`;
  const unassigned = topPlaces(cpu, role, TOP_PLACES, OTHER);
  return [
    row(`CPU us per request: ${role}`, show(total, 2)),
    ...parts.map(([part, us]) => row(`  ${part}`, show(us, 2))),
    row('  of all of it in the kernel', show(cpuTotal(cpu, role, 'kernel_us_per_request'), 2)),
    row('  while profiled', show(cpuTotal(cpu, role, 'profiled_cpu_us_per_request'), 2)),
    '  functions that take most themselves:',
    ...topPlaces(cpu, role, TOP_PLACES).map(place),
    ...(unassigned.length === 0 ? [] : ['  in "other":', ...unassigned.map(place)]),
  ];
}

function tableLines({ samples: { cpu, commands } }: ControlCostReport): string[] {
  const lines = (name: string, operations: readonly TableOperations[]) =>
    operations.map((one) =>
      row(
        `  ${name}`,
        one.requests_per_second.toFixed(0),
        one.operations_per_second.toFixed(0),
        one.operations_per_request.toFixed(4),
      ),
    );
  const all = [
    ...lines('calls to the table in memory', memoryCalls(cpu)),
    ...lines('commands at Redis, those of scripts too', redisCommands(commands, 'commands_per_second')),
    ...lines('calls by clients at Redis', redisCommands(commands, 'client_calls_per_second')),
  ];
  return all.length === 0 ? [] : [row('Table', 'requests/s', 'operations/s', 'per request'), ...all];
}

function rowLines({ samples: { rows } }: ControlCostReport): string[] {
  if (rows === null || rows.length === 0) return [];
  const sizes = [...new Set(rows.map((sample) => sample.rows))];
  const line = (name: string, digits: number, quantity: Parameters<typeof rowSpread>[3]) =>
    ROW_KINDS.map((kind) =>
      row(`  ${name}, ${kind}`, ...sizes.map((size) => show(rowSpread(rows, kind, size, quantity), digits))),
    );
  return [
    row('Rows in the table, gateway alone', ...sizes.map(String)),
    ...line('MB resident', 0, 'rss_mb'),
    ...line('MB after collecting', 0, 'rss_after_gc_mb'),
    ...line('MB in use after collecting', 1, 'held_mb'),
    ...line('workers reached', 0, 'reached'),
    ...line('cores busy, idle', 2, 'idle_cores_busy'),
    row(
      '  ms until all are reached',
      ...sizes.map((size) => show(rowSpread(rows, 'connected', size, 'reached_after_ms'), 0)),
    ),
  ];
}

function connectionLines({ samples: { connections } }: ControlCostReport): string[] {
  if (connections === null || connections.length === 0) return [];
  const line = (name: string, digits: number, read: Parameters<typeof connectionSpread>[2]) =>
    row(`  ${name}`, ...SYSTEMS.map((system) => show(connectionSpread(connections, system, read), digits)));
  const held = spreadOf(connections.map((sample) => sample.connections));
  return [
    row(`Idle connections: ${show(held, 0)}`, ...SYSTEMS),
    line('MB before', 0, ({ rss_before_mb }) => rss_before_mb),
    line('MB with them', 0, ({ rss_mb }) => rss_mb),
    line('MB after collecting', 0, ({ rss_after_gc_mb }) => rss_after_gc_mb),
    line('KB each', 1, ({ kb_per_connection }) => kb_per_connection),
    line('p50 ms before', 2, ({ before }) => before.p50_ms),
    line('p50 ms beside them', 2, ({ beside }) => beside.p50_ms),
    line('p99 ms before', 2, ({ before }) => before.p99_ms),
    line('p99 ms beside them', 2, ({ beside }) => beside.p99_ms),
    line('closed before they should be', 0, ({ closed }) => closed),
    line('requests on them not answered', 0, ({ asked, answered }) => asked - answered),
  ];
}

function verdictLines({ targets, failed_requests }: ControlCostReport): string[] {
  return [
    row('Target', 'limit', 'measured', 'verdict'),
    ...targets.map(({ figure, comparison, limit, value, verdict }) =>
      row(figure, `${comparison} ${limit}`, value === null ? '-' : value.toFixed(1), verdict),
    ),
    failed_requests === 0 ? 'No request failed.' : `!!! ${failed_requests} REQUESTS FAILED`,
  ];
}

function row(first: string, ...rest: readonly string[]): string {
  return [first.padEnd(FIRST_COLUMN), ...rest.map((cell) => cell.padEnd(COLUMN))].join(' ').trimEnd();
}

function show(spread: Spread | null, digits: number): string {
  if (spread === null) return '-';
  const { median, min, max } = spread;
  if (min === max) return median.toFixed(digits);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}..${max.toFixed(digits)})`;
}
