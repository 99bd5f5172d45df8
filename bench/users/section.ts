/** What the report says of concurrent users. */
import { lineChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { spreadText } from '../report/spread-text.ts';
import type { Spread } from '../support/statistics.ts';
import { SERIES, type Series } from './bodies.ts';
import { type Comparison, inMs, type Row } from './figures.ts';
import type { UsersReport } from './report.ts';
import type { SystemName } from './systems.ts';

/** Of the whole tables there is more than anybody reads: these, where they were measured, and the rest in pictures. */
const SHOWN_USERS = [1, 8, 64, 512];

export function usersSection(report: UsersReport): Section {
  const { systems, settings } = report;
  const there = (Object.entries(systems) as [SystemName, string | null][]).filter(
    ([, title]) => title !== null,
  );
  const absent = Object.keys(systems).filter((name) => systems[name as SystemName] === null);
  const pictures = new Map<string, string>();
  const parts = SERIES.filter((series) => report.rows.some((row) => row.series === series)).flatMap(
    (series) => {
      const picturesOf = picturesOfSeries(report, series, there);
      for (const [name, svg] of picturesOf) pictures.set(name, svg);
      return [
        `### ${seriesTitle(report, series)}`,
        ...[...picturesOf.keys()].map((name) => `![${altText(name)}](${name})`),
        table(report, series, there),
      ];
    },
  );
  const markdown = [
    `Each of N users sends the next request when the last is answered (the paper's Figures 4 and 5). The fraud model, ` +
      `${settings.workers} workers for every system; rows: ${settings.bodies_from}. Turntable is \`serve\` as it comes, and ` +
      `again with \`--balance round-robin\`, which is the paper's static baseline but for workers that are full, whom it passes ` +
      'over. The proxies stand before the same plain HTTP workers on TCP, which run the model for one request at a time. ' +
      'All stay up, idle while another is measured, in rotated order; medians over the rounds (least..greatest); ' +
      `rounds: ${settings.rounds}.`,
    'Such a closed loop is what the paper measured, and it flatters whoever stalls: while a system stands still nobody ' +
      'sends it anything. wrk makes up for that in part, by counting for each long answer those that its user would ' +
      'have sent meanwhile. For latency at a load that does not wait, see the scenarios with open loops.',
    ...(absent.length === 0 ? [] : [`Not measured in this run: ${absent.join(', ')}.`]),
    ...parts,
    `### Turntable over the others, with ${settings.compared_users} users`,
    comparisonTable(report, there),
    ...findings(report),
  ].join('\n\n');
  return { title: 'Concurrent users', markdown, pictures };
}

function seriesTitle({ settings }: UsersReport, series: Series): string {
  return series === 'alike'
    ? `Requests all alike, ${settings.rows_per_request} rows each`
    : `Mixed requests, 1 to 64 rows, ${settings.mean_rows_mixed.toFixed(1)} on average`;
}

function altText(picture: string): string {
  return `${picture.includes('p99') ? 'p99' : 'throughput'} over the number of users`;
}

function picturesOfSeries(
  report: UsersReport,
  series: Series,
  there: readonly [SystemName, string | null][],
): Map<string, string> {
  const lines = (quantity: (row: Row) => Spread) =>
    there.flatMap(([system, title]) => {
      const points = report.rows
        .filter((row) => row.series === series && row.system === system)
        .map((row) => {
          const { median, min, max } = quantity(row);
          return { x: row.users, y: median, low: min, high: max };
        });
      return points.length === 0 ? [] : [{ name: title ?? system, points }];
    });
  const shared = { xLabel: 'users', xScale: 'log' as const };
  const what = series === 'alike' ? 'requests all alike' : 'mixed requests';
  return new Map([
    [
      `users-${series}-throughput.svg`,
      lineChart({
        ...{ ...shared, title: `Throughput, ${what}`, yLabel: 'requests/s' },
        series: lines((row) => row.requests_per_second),
      }),
    ],
    [
      `users-${series}-p99.svg`,
      lineChart({
        ...{ ...shared, title: `p99 latency, ${what}`, yLabel: 'ms', yScale: 'log' },
        series: lines((row) => inMs(row.p99_us)),
      }),
    ],
  ]);
}

function table({ rows }: UsersReport, series: Series, there: readonly [SystemName, string | null][]): string {
  const counts = SHOWN_USERS.filter((users) =>
    rows.some((row) => row.series === series && row.users === users),
  );
  return markdownTable(
    ['users', 'system', 'requests/s', 'p50 ms', 'p90 ms', 'p99 ms', 'CPU µs/request', 'failed'],
    counts.flatMap((users) =>
      there.flatMap(([system, title]) => {
        const row = rows.find((one) => one.series === series && one.users === users && one.system === system);
        if (row === undefined) return [];
        return [
          [
            ...[
              String(users),
              title ?? system,
              spreadText(row.requests_per_second, 0),
              spreadText(inMs(row.p50_us), 1),
            ],
            ...[
              spreadText(inMs(row.p90_us), 1),
              spreadText(inMs(row.p99_us), 1),
              spreadText(row.cpu_us_per_request, 0),
            ],
            `${row.failed}`,
          ],
        ];
      }),
    ),
  );
}

function comparisonTable(
  { comparisons }: UsersReport,
  there: readonly [SystemName, string | null][],
): string {
  const rowOf = (title: string, { series, throughput_ratio, p99_ratio, cpu_ratio }: Comparison) => [
    ...[title, series, spreadText(throughput_ratio, 2), spreadText(p99_ratio, 2), spreadText(cpu_ratio, 2)],
  ];
  return markdownTable(
    ['over', 'requests', 'throughput', 'p99', 'CPU per request'],
    there.flatMap(([system, title]) =>
      comparisons
        .filter(({ other, p99_ratio }) => other === system && p99_ratio !== null)
        .map((one) => rowOf(title ?? system, one)),
    ),
  );
}

/** In words, won or lost, straight from the rows. */
function findings({ rows, systems, disturbed_samples }: UsersReport): string[] {
  const won = SERIES.flatMap((series) => {
    const own = rows.filter((row) => row.series === series && row.system === 'turntable');
    const isPeer = ({ system }: Row) => !system.startsWith('turntable');
    const lost = own.flatMap((row) => {
      const peers = rows.filter((one) => one.series === series && one.users === row.users && isPeer(one));
      const best = peers.toSorted((a, b) => a.p99_us.median - b.p99_us.median)[0];
      if (best === undefined || best.p99_us.median >= row.p99_us.median) return [];
      const ratio = row.p99_us.median / best.p99_us.median;
      return [`${row.users} (${systems[best.system]}, ×${ratio.toFixed(2)})`];
    });
    if (own.length === 0 || !rows.some((row) => row.series === series && isPeer(row))) return [];
    const kind = series === 'alike' ? 'With requests all alike' : 'With mixed requests';
    return lost.length === 0
      ? [`${kind} Turntable has the lowest p99 of all systems at every number of users.`]
      : [`${kind} a peer has a lower p99 than Turntable at these numbers of users: ${lost.join(', ')}.`];
  });
  const failed = rows.filter((row) => row.failed > 0);
  const { disturbed, of } = disturbed_samples;
  return [
    ...won,
    failed.length === 0
      ? 'No request failed.'
      : `Failed: ${failed.map((row) => `${systems[row.system]}, ${row.users} users: ${row.failed} of ${row.requests}`).join('; ')}.`,
    ...(disturbed === 0 ? [] : [`Disturbed by other programs: ${disturbed} of ${of} samples.`]),
  ];
}
