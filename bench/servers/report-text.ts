/** The report as a person reads it in the terminal. */
import { comparisonText, valueText } from '../report/verdicts.ts';
import { plainTextTable } from '../support/plain-text-table.ts';
import type { ServersReport } from './report.ts';
import { capacityTable, findings, loadTable, ownTable } from './report-tables.ts';

export function renderReport(report: ServersReport): string {
  const { machine, settings, targets, rows, own } = report;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; node ${machine.node}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least..greatest).',
    ].join('\n'),
    plainTextTable(...capacityTable(rows)),
    plainTextTable(...loadTable(rows)),
    ...(own.length === 0 ? [] : [plainTextTable(...ownTable(own))]),
    plainTextTable(
      ['target', 'limit', 'measured', 'verdict'],
      targets.map((target) => [target.figure, comparisonText(target), valueText(target), target.verdict]),
    ),
    findings(report).join('\n'),
  ];
  return blocks.join('\n\n');
}
