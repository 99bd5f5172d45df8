/** The report as a person reads it. */
import type { LongRunReport } from './report.ts';

const FIRST_COLUMN = 34;
const COLUMN = 12;
const HEADER = [
  'requests',
  'failed',
  'p50 ms',
  'p99 ms',
  'calm p50',
  'calm p99',
  'gateway MB',
  'all MB',
  'heap MB',
  'files',
  'work us',
  'withheld',
];
/** A client that is later than this measures itself. */
const MOST_LAG_MS = 5;

export function renderReport(report: LongRunReport): string {
  const { machine, settings, samples, targets } = report;
  const { slices, kills, lag_ms } = samples;
  const lines = [
    `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; node ${machine.node}`,
    `commit ${machine.commit}; ${JSON.stringify(settings)}`,
    `It carries ${samples.capacity_per_second.toFixed(0)} requests/s; ${samples.rate_per_second.toFixed(0)} came.`,
    '',
    row('Minute', ...HEADER),
    ...slices.map(({ minute, requests, failed, p50_ms, p99_ms, calm, ...held }) =>
      row(
        String(minute),
        ...[String(requests), String(failed), show(p50_ms, 2), show(p99_ms, 2)],
        ...[show(calm.p50_ms, 2), show(calm.p99_ms, 2), show(held.gateway_rss_mb, 1)],
        ...[show(held.all_rss_mb, 1), show(held.heap_mb, 1), show(held.open_files, 0)],
        ...[show(held.fixed_work_us, 0), show(held.withheld_cores, 2)],
      ),
    ),
    '',
    `Workers killed: ${kills.length}; replaced after ${kills.map(({ replaced_after_ms }) => show(replaced_after_ms, 0)).join(', ')} ms`,
    `Requests sent again: ${samples.retries}; open files ${samples.open_files_before} before, ${samples.open_files_after} after`,
    '',
    row('Target', 'limit', 'measured', 'verdict'),
    ...targets.map(({ figure, comparison, limit, value, verdict }) =>
      row(figure, `${comparison} ${limit}`, show(value, 3), verdict),
    ),
    ...(lag_ms > MOST_LAG_MS ? [`!!! the client itself was late, p99 ${show(lag_ms, 1)} ms`] : []),
  ];
  return lines.join('\n');
}

function row(first: string, ...rest: readonly string[]): string {
  return [first.padEnd(FIRST_COLUMN), ...rest.map((cell) => cell.padEnd(COLUMN))].join('').trimEnd();
}

function show(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}
