/** The report as a person reads it. */
import { spreadText } from '../report/spread-text.ts';
import { plainTextTable } from '../support/plain-text-table.ts';
import { SERIES, type Series } from './bodies.ts';
import { inMs } from './figures.ts';
import type { UsersReport } from './report.ts';
import { TITLES } from './systems.ts';

export function renderReport(report: UsersReport): string {
  const { machine, settings, targets } = report;
  const proxies = `nginx ${machine.nginx}, haproxy ${machine.haproxy}, envoy ${machine.envoy}, traefik ${machine.traefik}`;
  return [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; node ${machine.node}, wrk ${machine.wrk}, ${proxies}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least..greatest).',
    ].join('\n'),
    ...SERIES.flatMap((series) => usersTable(report, series)),
    comparisonTable(report),
    plainTextTable(
      ['Target', 'limit', 'measured', 'verdict'],
      targets.map(({ figure, comparison, limit, value, verdict }) => [
        figure,
        `${comparison} ${Number(limit.toFixed(3))}`,
        value === null ? '-' : String(Number(value.toFixed(3))),
        verdict,
      ]),
    ),
    warnings(report),
  ].join('\n\n');
}

function usersTable({ rows }: UsersReport, series: Series): string[] {
  const own = rows.filter((row) => row.series === series);
  const counts = [...new Set(own.map(({ users }) => users))];
  return counts.map((users) =>
    plainTextTable(
      [
        `${series}, ${users} ${users === 1 ? 'user' : 'users'}`,
        'requests/s',
        'p50 ms',
        'p90 ms',
        'p99 ms',
        'CPU us',
        'failed',
      ],
      own
        .filter((row) => row.users === users)
        .map((row) => [
          TITLES[row.system],
          spreadText(row.requests_per_second, 0),
          spreadText(inMs(row.p50_us), 2),
          spreadText(inMs(row.p90_us), 2),
          spreadText(inMs(row.p99_us), 2),
          spreadText(row.cpu_us_per_request, 0),
          String(row.failed),
        ]),
    ),
  );
}

function comparisonTable({ comparisons, settings }: UsersReport): string {
  return plainTextTable(
    [`Turntable over, ${settings.compared_users} users`, 'series', 'throughput', 'p99', 'CPU a request'],
    comparisons.map(({ other, series, throughput_ratio, p99_ratio, cpu_ratio }) => [
      TITLES[other],
      series,
      spreadText(throughput_ratio, 2),
      spreadText(p99_ratio, 2),
      spreadText(cpu_ratio, 2),
    ]),
  );
}

function warnings({ rows, disturbed_samples: { disturbed, of } }: UsersReport): string {
  const failed = rows.filter((row) => row.failed > 0);
  return [
    ...failed.map(
      (row) =>
        `!!! ${TITLES[row.system]}, ${row.series}, ${row.users} users: ${row.failed} of ${row.requests} FAILED`,
    ),
    ...(failed.length > 0 ? [] : ['No request failed.']),
    ...(disturbed === 0
      ? []
      : [`!!! ${disturbed} of ${of} samples were disturbed by other programs or the hypervisor.`]),
  ].join('\n');
}
