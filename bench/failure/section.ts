/** The failure benchmark in the report. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed } from '../report/spread-text.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from './faults.ts';
import type { Row, TimeSpread } from './figures.ts';
import type { FailureReport } from './report.ts';
import { SYSTEM_NAMES, TITLES } from './system-names.ts';

/** Where nothing was felt: a bar on a logarithmic scale has no place for 0. */
const LEAST_MS = 1;

export function failureSection(report: FailureReport): Section {
  const { settings, rows, published_seconds: published, absent, disturbed_samples } = report;
  const faults = FAULT_NAMES.filter((fault) => rows.some((row) => row.fault === fault));
  const pictures = new Map([
    [
      'failure-detect.svg',
      timePicture(report, faults, 'detect_ms', 'How long a failing worker is felt (1 ms: not at all)'),
    ],
    ['failure-p99.svg', timePicture(report, faults, 'p99_during_ms', 'p99 while one worker of four fails')],
  ]);
  const { disturbed, of } = disturbed_samples;
  const markdown = [
    `Each system stands before ${settings.workers} workers of its own, each of which takes ${settings.service_ms} ms and no CPU for a request. ` +
      'Requests come at random, half of what the four carry, whether or not earlier ones are answered; latency counts from when ' +
      `a request was to be sent. Then one worker fails for ${settings.fault_seconds} s: it is killed, and another started in its place ` +
      'after a second; or stopped (SIGSTOP); or answers health checks and nothing else; or answers health checks, and requests with ' +
      '500 at once. All processes are new in each run; the rounds go through all faults and systems in rotated order.',
    'Turntable runs as it comes, with workers on its own channel and with the HTTP workers of the peers. Of the peers all is turned ' +
      `on that each has against this: health checks every ${settings.check_ms} ms (NGINX has none), detection of outliers, and retries at ` +
      `another worker on errors and after ${settings.try_ms} ms without an answer, POST included.`,
    'All is seen from the client, and the same for all. Failed: not answered with 200. Slow: 100 ms beyond the p99 of before. Felt: ' +
      'from the fault to the last request that was either, which is how long it takes until the failing worker costs nobody ' +
      'anything; "never" if that was not before the last second of the fault. Recovered: from the fault to the first moment from which the p99 of a ' +
      'second is within 1.2 times that of before, and the three service times by which three workers are slower than four. ' +
      `Medians of ${settings.rounds} rounds (least–greatest); failed and slow are of all rounds together.`,
    `The published prototype needed ${published[0]} to ${published[1]} s to notice and replace a failed worker.`,
    '![how long a failing worker is felt](failure-detect.svg)',
    'In this picture 1 ms stands for a fault that nobody felt, and its whole length for one that was felt to the last.',
    '![p99 while one worker of four fails](failure-p99.svg)',
    ...faults.map((fault) => faultTable(rows, fault)),
    ...findings(rows, faults),
    ...(absent.length === 0
      ? []
      : [`Not measured in this run: ${absent.map((name) => TITLES[name]).join(', ')}.`]),
    ...(disturbed === 0
      ? []
      : [`Taken while the processors had too much to do: ${disturbed} of ${of} samples.`]),
  ].join('\n\n');
  return { title: 'Failure of a worker', markdown, pictures };
}

function timePicture(
  { rows, settings }: FailureReport,
  faults: readonly FaultName[],
  figure: 'detect_ms' | 'p99_during_ms',
  title: string,
): string {
  const never = settings.fault_seconds * 1_000;
  const systems = SYSTEM_NAMES.filter((name) => rows.some(({ system }) => system === name));
  const timeOf = (name: string, fault: FaultName, part: keyof TimeSpread) => {
    const row = rows.find((one) => one.system === name && one.fault === fault);
    return row === undefined ? null : Math.max(LEAST_MS, row[figure][part] ?? never);
  };
  return barChart({
    ...{ title, yLabel: 'ms', yScale: 'log' },
    groups: faults.map((fault) => FAULTS[fault].title),
    series: systems.map((name) => ({
      name: TITLES[name],
      values: faults.map((fault) => timeOf(name, fault, 'median')),
      low: faults.map((fault) => timeOf(name, fault, 'min')),
      high: faults.map((fault) => timeOf(name, fault, 'max')),
    })),
  });
}

function faultTable(rows: readonly Row[], fault: FaultName): string {
  return markdownTable(
    [
      FAULTS[fault].title,
      ...['failed', 'slow', 'of', 'p99 before, ms', 'p99 during, ms', 'felt, ms', 'recovered after, ms'],
    ],
    rows
      .filter((row) => row.fault === fault)
      .map((row) => [
        ...[TITLES[row.system], fixed(row.failed, 0), fixed(row.slow, 0), fixed(row.requests, 0)],
        ...[timeText(row.p99_before_ms, 1), timeText(row.p99_during_ms, 1)],
        ...[timeText(row.detect_ms, 0), timeText(row.recover_ms, 0)],
      ]),
  );
}

function timeText({ median, min, max }: TimeSpread, digits: number): string {
  const text = (value: number | null) => (value === null ? 'never' : fixed(value, digits));
  return text(min) === text(max) ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}

/** In words, straight from the rows: who lost requests, and where somebody felt a fault for less long than Turntable. */
function findings(rows: readonly Row[], faults: readonly FaultName[]): string[] {
  const lossy = rows.filter(({ failed }) => failed > 0);
  const lost = faults.flatMap((fault) => {
    const ours = rows.find((row) => row.fault === fault && row.system === 'turntable');
    const felt = ({ detect_ms }: Row) => detect_ms.median ?? Number.POSITIVE_INFINITY;
    if (ours === undefined) return [];
    const sooner = rows.filter(
      (row) => row.fault === fault && !row.system.startsWith('turntable') && felt(row) < felt(ours),
    );
    return sooner.length === 0
      ? []
      : [`${FAULTS[fault].title} (${sooner.map(({ system }) => TITLES[system]).join(', ')})`];
  });
  return [
    lossy.length === 0
      ? 'No request failed.'
      : `Requests failed: ${lossy.map((row) => `${TITLES[row.system]}, ${FAULTS[row.fault].title}: ${row.failed} of ${row.requests}`).join('; ')}.`,
    ...(lost.length === 0
      ? []
      : [`Felt for less long than by Turntable with workers of its own: ${lost.join('; ')}.`]),
  ];
}
