/** The report as a person reads it. */
import { spreadText } from '../report/spread-text.ts';
import { plainTextTable } from '../support/plain-text-table.ts';
import type { BatchRow } from './figures.ts';
import { BATCH, PART_TITLES, PARTS, type Part } from './options.ts';
import type { BatchReport } from './report.ts';

export function renderReport(report: BatchReport): string {
  const { machine, settings } = report;
  const versions = `node ${machine.node}, onnxruntime ${machine.onnxruntime_node}, nginx ${machine.nginx}, haproxy ${machine.haproxy}`;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; ${versions}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least–greatest).',
    ],
    ...PARTS.map((part) => partLines(report, part)),
    [
      plainTextTable(
        ['Target', 'limit', 'measured', 'verdict'],
        report.targets.map(({ figure, comparison, limit, value, verdict }) => [
          ...[figure, `${comparison} ${limit}`, value?.toFixed(3) ?? '-', verdict],
        ]),
      ),
    ],
    warningLines(report),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function partLines({ figures, machine }: BatchReport, part: Part): string[] {
  const rows = figures.rows.filter((row) => row.part === part);
  if (rows.length === 0) return [];
  const ideal = part === 'timed' ? 'of ideal' : 'of the cores';
  const header = [
    'total, s',
    `${BATCH} in, s`,
    'requests/s',
    'p50 ms',
    'p99 ms',
    'speed-up',
    'efficiency',
    ideal,
  ];
  return [
    plainTextTable(
      [PART_TITLES[part], 'workers', ...header],
      rows.map((row) => [row.system, String(row.workers), ...cells(row)]),
    ),
    ...(part === 'timed'
      ? []
      : [
          `  a network keeps a core busy a worker: beyond ${machine.cores} workers there are no more cores to use`,
        ]),
  ];
}

function cells(row: BatchRow): string[] {
  return [
    spreadText(row.total_s, 2),
    spreadText(row.batch_s, 1),
    spreadText(row.requests_per_second, 1),
    spreadText(row.p50_ms, 1),
    spreadText(row.p99_ms, 1),
    spreadText(row.speed_up, 3),
    spreadText(row.efficiency, 3),
    spreadText(row.of_ideal ?? row.core_efficiency, 3),
  ];
}

function warningLines({ disturbed_samples: { disturbed, of }, figures }: BatchReport): string[] {
  const failed = figures.rows.filter(({ errors }) => errors > 0);
  return [
    ...failed.map(
      ({ part, system, workers, errors }) =>
        `!!! ${PART_TITLES[part]}, ${system}, ${workers} workers: ${errors} REQUESTS FAILED`,
    ),
    ...(failed.length > 0 ? [] : ['No request failed.']),
    ...(disturbed === 0
      ? []
      : [`!!! ${disturbed} of ${of} samples were disturbed by other programs or the hypervisor.`]),
  ];
}
