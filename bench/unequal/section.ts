/** The benchmark of unequal workers in the report. */
import { lineChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import type { Row } from './figures.ts';
import type { UnequalReport } from './report.ts';
import { type Scenario, SPEEDS } from './scenarios.ts';
import type { WorkloadName } from './workload.ts';

const SERVICES: Readonly<Record<WorkloadName, string>> = {
  lognormal: 'lognormal service times',
  constant: 'constant service times',
  code: 'the trace "code"',
  conv: 'the trace "conv"',
};

export function unequalSection(report: UnequalReport): Section {
  const { rows, settings } = report;
  const figures = Object.values(Object.groupBy(rows, figureOf)).map((ofFigure = []) => pictureOf(ofFigure));
  const pictures = new Map(figures.map(({ name, svg }) => [name, svg]));
  const markdown = [
    'Each system stands before ten HTTP workers of its own, which do one request at a time in the order of arrival; a request ' +
      `takes ${settings.mean_ms} ms on average, over the worker's speed, and no CPU. All systems are sent the same requests at the ` +
      'same intended times, at the same time, so that what disturbs one disturbs all; latency counts from the intended time. Requests come ' +
      'at random (Poisson) with lognormal times, or as in a window of a real trace, compressed to the load, with times in ' +
      `proportion to the tokens made. ${settings.rounds} rounds of ${settings.seconds} s; p99 of the requests of all rounds together, in ` +
      'parentheses the least and the greatest of a round. HAProxy with `maxconn`, and Turntable, are told that a worker takes ' +
      `${settings.slots} request at once; nobody is told how fast it is.`,
    ratioTable(report),
    ...figures.flatMap(({ name, about, of }) => [
      `### ${about}`,
      `![p99 over load, ${about}](${name})`,
      latencyTable(of),
    ]),
    ...findings(report),
  ].join('\n\n');
  return { title: 'Unequal workers and bursts', markdown, pictures };
}

function figureOf({ scenario, workload }: Row): string {
  return `unequal-${scenario}-${workload}.svg`;
}

function pictureOf(of: readonly Row[]) {
  const { scenario, workload } = of[0]!;
  const about = `${describe(scenario)}, ${SERVICES[workload]}`;
  const svg = lineChart({
    ...{ title: about, xLabel: 'load, part of capacity', yLabel: 'p99, ms', yScale: 'log' },
    series: systemsOf(of).map((system) => ({
      name: system,
      points: of
        .filter((row) => row.system === system)
        .flatMap(({ load, p99_ms, p99_ms_spread }) => {
          if (p99_ms === null) return [];
          const spread = p99_ms_spread === null ? {} : { low: p99_ms_spread.min, high: p99_ms_spread.max };
          return [{ x: load, y: p99_ms, ...spread }];
        }),
    })),
  });
  return { name: figureOf(of[0]!), about, svg, of };
}

/** Such as "5 of speed 1, 3 of 0.5, 2 of 0.2". */
function describe(scenario: Scenario): string {
  const bySpeed = Map.groupBy<number, number>(SPEEDS[scenario], (speed) => speed);
  const [first, ...others] = [...bySpeed]
    .toSorted(([a], [b]) => b - a)
    .map(([speed, of]) => [of.length, speed]);
  return `Workers: ${[`${first![0]} of speed ${first![1]}`, ...others.map(([n, speed]) => `${n} of ${speed}`)].join(', ')}`;
}

function systemsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ system }) => system))];
}

function latencyTable(of: readonly Row[]): string {
  const loads = [...new Set(of.map(({ load }) => load))];
  return markdownTable(
    ['p99, ms', ...loads.map((load) => `load ${load}`)],
    systemsOf(of).map((system) => [
      system,
      ...loads.map((load) => {
        const row = of.find((one) => one.system === system && one.load === load);
        return row === undefined ? '-' : withSpread(row.p99_ms, row.p99_ms_spread, 0);
      }),
    ]),
  );
}

/** p99 of the default policy over that of each peer: below 1 Turntable is faster. */
function ratioTable({ rows, default_policy }: UnequalReport): string {
  const ours = rows.filter(({ is_default }) => is_default);
  const peers = systemsOf(rows.filter(({ policy }) => policy === null));
  if (ours.length === 0 || peers.length === 0) return 'Turntable, or every peer, was left out of this run.';
  const table = markdownTable(
    ['workers, service, load', ...peers],
    ours.map(({ scenario, workload, load, p99_ratio, p99_ratio_spread }) => [
      `${scenario}, ${workload}, ${load}`,
      ...peers.map((peer) => withSpread(p99_ratio?.[peer] ?? null, p99_ratio_spread?.[peer] ?? null, 2)),
    ]),
  );
  return `p99 of Turntable (\`${default_policy}\`, its default) over that of each peer; below 1 Turntable is faster:\n\n${table}`;
}

function withSpread(
  value: number | null,
  spread: { readonly min: number; readonly max: number } | null,
  digits: number,
): string {
  if (value === null) return '-';
  const range =
    spread === null || spread.min === spread.max
      ? ''
      : ` (${spread.min.toFixed(digits)}..${spread.max.toFixed(digits)})`;
  return `${value.toFixed(digits)}${range}`;
}

function findings({ rows, lost, disturbed_samples }: UnequalReport): string[] {
  const ours = rows.filter(({ is_default }) => is_default);
  const errors = rows.filter((row) => row.errors > 0);
  const { disturbed, of } = disturbed_samples;
  const said = lost.map(({ scenario, workload, load, p99_ratio, p99_ratio_vs_best_peer: worst }) => {
    const best = Object.entries(p99_ratio ?? {}).find(([, ratio]) => ratio === worst)?.[0] ?? 'some peer';
    return `${scenario}, ${workload}, ${load} (${best}, x${worst?.toFixed(2) ?? '-'})`;
  });
  return [
    lost.length === 0
      ? `Turntable has the lowest p99 in all ${ours.length} cells.`
      : `Some peer has a lower p99 in ${lost.length} of ${ours.length} cells: ${said.join('; ')}.`,
    errors.length === 0
      ? 'No request failed.'
      : `Failed: ${errors.map((row) => `${row.system} ${row.errors} of ${row.requests} (${row.scenario}, ${row.workload}, ${row.load})`).join('; ')}.`,
    ...(disturbed === 0
      ? []
      : [`Taken while the processors had too much to do: ${disturbed} of ${of} samples.`]),
  ];
}
