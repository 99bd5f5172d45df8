/** The report as a person reads it. */
import { spreadText } from '../report/spread-text.ts';
import { plainTextTable } from '../support/plain-text-table.ts';
import type { Row } from './figures.ts';
import type { ScalingReport } from './report.ts';

export function renderReport({ machine, settings, rows, targets, disturbed_samples }: ScalingReport): string {
  const { disturbed, of } = disturbed_samples;
  return [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; node ${machine.node}, wrk ${machine.wrk}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least–greatest); cores are those kept busy.',
    ].join('\n'),
    plainTextTable(HEADER, rows.map(cells)),
    plainTextTable(
      ['Target', 'limit', 'measured', 'verdict'],
      targets.map(({ figure, comparison, limit, value, verdict }) => [
        figure,
        `${comparison} ${limit}`,
        value === null ? '-' : String(Number(value.toFixed(3))),
        verdict,
      ]),
    ),
    ...(disturbed === 0
      ? []
      : [`!!! ${disturbed} of ${of} samples were disturbed by other programs or the hypervisor.`]),
  ].join('\n\n');
}

export const HEADER = [
  ...['model, workers', 'threads', 'requests/s', 'over one thread', 'p50 us', 'p99 us'],
  ...['gateway CPU us/request', 'gateway cores', 'workers cores', 'wrk cores', 'failed'],
];

export function cells(row: Row): string[] {
  return [
    `${row.model}, ${row.workers}`,
    String(row.threads),
    spreadText(row.requests_per_second, 0),
    spreadText(row.throughput_ratio, 2),
    spreadText(row.p50_us, 0),
    spreadText(row.p99_us, 0),
    spreadText(row.gateway_cpu_us_per_request, 1),
    spreadText(row.gateway_cores, 2),
    spreadText(row.workers_cores, 2),
    spreadText(row.generator_cores, 2),
    String(row.failed),
  ];
}
