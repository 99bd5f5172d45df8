/** The report as a person reads it. */
import { spreadText } from '../report/spread-text.ts';
import { plainTextTable } from '../support/plain-text-table.ts';
import { INSTANCES, instancesText } from './instances.ts';
import type { DistributionReport } from './report.ts';
import { TITLES } from './systems.ts';
import { PATTERNS } from './workload.ts';

export function renderReport(report: DistributionReport): string {
  const { machine, settings, targets } = report;
  const versions = `node ${machine.node}, redis ${machine.redis}, nginx ${machine.nginx}, haproxy ${machine.haproxy}, envoy ${machine.envoy}, traefik ${machine.traefik}`;
  return [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; ${versions}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least–greatest); counts are medians.',
    ].join('\n'),
    ...cellTables(report),
    plainTextTable(
      ['Target', 'limit', 'measured', 'verdict'],
      targets.map(({ figure, comparison, limit, value, verdict }) => [
        figure,
        `${comparison} ${limit.toFixed(3)}`,
        value === null ? '-' : value.toFixed(3),
        verdict,
      ]),
    ),
    warnings(report),
  ].join('\n\n');
}

function cellTables({ rows }: DistributionReport): string[] {
  return INSTANCES.flatMap((instances) =>
    PATTERNS.flatMap((pattern) => {
      const own = rows.filter((row) => row.instances === instances && row.pattern === pattern);
      if (own.length === 0) return [];
      return [
        plainTextTable(
          [
            `${instancesText(instances)}, ${pattern}`,
            'requests of each worker',
            'max/min',
            'p50 ms',
            'p99 ms',
          ],
          own.map((row) => [
            TITLES[row.system],
            row.counts.map(({ median }) => median).join(', '),
            spreadText(row.max_over_min, 3),
            spreadText(row.p50_ms, 1),
            spreadText(row.p99_ms, 1),
          ]),
        ),
      ];
    }),
  );
}

function warnings({ rows, disturbed_samples: { disturbed, of } }: DistributionReport): string {
  const failed = rows.filter(({ errors }) => errors > 0);
  return [
    ...failed.map(
      (row) =>
        `!!! ${TITLES[row.system]}, ${instancesText(row.instances)}, ${row.pattern}: ${row.errors} of ${row.requests} FAILED`,
    ),
    ...(failed.length > 0 ? [] : ['No request failed.']),
    ...(disturbed === 0
      ? []
      : [
          `!!! ${disturbed} of ${of} samples with latencies were taken while the processors had too much to do.`,
        ]),
  ].join('\n');
}
