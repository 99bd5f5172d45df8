/** The report as a person reads it. */
import { FAULT_NAMES, FAULTS } from './faults.ts';
import type { TimeSpread } from './figures.ts';
import type { FailureReport } from './report.ts';
import { TITLES } from './system-names.ts';

const FIRST_COLUMN = 28;
const COLUMN = 22;

export function renderReport(report: FailureReport): string {
  const { machine, settings, absent, disturbed_samples: disturbed } = report;
  const { node, nginx, haproxy, envoy, traefik, redis } = machine;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; node ${node}, nginx ${nginx}, ` +
        `haproxy ${haproxy}, envoy ${envoy}, traefik ${traefik}, redis ${redis}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Times in milliseconds, medians of the rounds (least..greatest). failed: not answered with 200; slow: 100 ms beyond the',
      'p99 of before; felt: from the fault to the last that was either; recovered: from the fault to a second whose p99 is that of',
      'before, but for a fifth and what three workers need longer than four. The prototype was published with 40 to 60 s.',
    ],
    ...FAULT_NAMES.map((fault) => faultTable(report, fault)),
    absent.length === 0 ? [] : [`Not measured: ${absent.map((name) => TITLES[name]).join(', ')}`],
    [
      row('Target', 'limit', 'measured', 'verdict'),
      ...report.targets.map(({ figure, comparison, limit, value, verdict }) =>
        row(
          figure,
          `${comparison} ${limit}`,
          value === null ? '-' : Number.isFinite(value) ? value.toFixed(0) : 'never',
          verdict,
        ),
      ),
    ],
    disturbed.disturbed === 0
      ? []
      : [
          `!!! ${disturbed.disturbed} of ${disturbed.of} samples were taken while the processors had too much to do.`,
        ],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function faultTable({ rows }: FailureReport, fault: (typeof FAULT_NAMES)[number]): string[] {
  const own = rows.filter((one) => one.fault === fault);
  if (own.length === 0) return [];
  return [
    row(FAULTS[fault].title, 'failed, slow', 'p99 before', 'p99 during', 'felt for', 'recovered after'),
    ...own.map(({ system, failed, slow, ...times }) =>
      row(
        `  ${TITLES[system]}`,
        `${failed}, ${slow}`,
        show(times.p99_before_ms, 1),
        show(times.p99_during_ms, 1),
        show(times.detect_ms, 0),
        show(times.recover_ms, 0),
      ),
    ),
  ];
}

function show({ median, min, max }: TimeSpread, digits: number): string {
  const text = (value: number | null) => value?.toFixed(digits) ?? 'never';
  return min === max ? text(median) : `${text(median)} (${text(min)}..${text(max)})`;
}

function row(first: string, ...rest: readonly string[]): string {
  return [first.padEnd(FIRST_COLUMN), ...rest.map((cell) => cell.padEnd(COLUMN))].join('').trimEnd();
}
