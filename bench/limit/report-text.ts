/** The report as a person reads it. */
import { fixed, spreadText } from '../report/spread-text.ts';
import { plainTextTable } from '../support/plain-text-table.ts';
import { cellTitle } from './cells.ts';
import type { LimitReport } from './report.ts';
import { SHARE_NAMES, SHARES } from './share-names.ts';

export function renderReport(report: LimitReport): string {
  const { machine, settings, figures } = report;
  const versions = `node ${machine.node}, onnxruntime ${machine.onnxruntime_node}, wrk ${machine.wrk}`;
  return [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; ${versions}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least–greatest).',
    ].join('\n'),
    plainTextTable(
      [`ONNX Runtime alone, ${machine.cores} processes`, 'rows a run', 'rows/s', 'CPU us a row', ''],
      figures.loops.map(({ model, batch_rows, rows_per_second, cpu_us_per_row, best }) => [
        ...[model, String(batch_rows), spreadText(rows_per_second, 0), spreadText(cpu_us_per_row, 2)],
        best ? 'the limit' : '',
      ]),
    ),
    plainTextTable(
      ['Turntable', 'rows/s', 'of the limit', 'without load generator', 'rows a run', 'p99 us'],
      figures.cells.map((row) => [
        ...[cellTitle(row.cell), spreadText(row.rows_per_second, 0), spreadText(row.fraction_of_limit, 3)],
        ...[spreadText(row.fraction_without_load_generator, 3), spreadText(row.batch_rows, 1)],
        spreadText(row.p99_us, 0),
      ]),
    ),
    plainTextTable(
      [
        ...['CPU us a request', 'load generator', 'gateway', 'workers'],
        ...['clock: decoding', 'inference', 'encoding', 'inference over workers'],
      ],
      figures.cells.map(({ cell, cpu, clock, inference_share_of_workers }) => [
        ...[cellTitle(cell), spreadText(cpu.load_generator_us, 1), spreadText(cpu.gateway_us, 1)],
        ...[spreadText(cpu.workers_us, 1), spreadText(clock.decode_us, 1), spreadText(clock.infer_us, 1)],
        ...[spreadText(clock.encode_us, 1), spreadText(inference_share_of_workers, 2)],
      ]),
    ),
    plainTextTable(
      ['Parts of all cores', ...SHARES.map((name) => SHARE_NAMES[name])],
      figures.cells.map(({ cell, shares }) => [
        cellTitle(cell),
        ...SHARES.map((name) => fixed(shares?.[name], 3)),
      ]),
    ),
    warningLines(report).join('\n'),
  ].join('\n\n');
}

function warningLines({ disturbed_samples: { disturbed, of }, figures }: LimitReport): string[] {
  const failed = figures.cells.filter((row) => row.failed > 0);
  return [
    ...failed.map((row) => `!!! ${cellTitle(row.cell)}: ${row.failed} REQUESTS FAILED`),
    ...(failed.length > 0 ? [] : ['No request failed.']),
    ...(disturbed === 0
      ? []
      : [`!!! ${disturbed} of ${of} samples were disturbed by other programs or the hypervisor.`]),
  ];
}
