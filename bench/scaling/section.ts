/** What the report says of threads of a gateway. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed } from '../report/spread-text.ts';
import type { Spread } from '../support/statistics.ts';
import type { Row } from './figures.ts';
import type { ScalingReport } from './report.ts';
import { cells, HEADER } from './report-text.ts';

export function scalingSection(report: ScalingReport): Section {
  const { settings, machine, rows, disturbed_samples } = report;
  const pictures = new Map([
    ['scaling-throughput.svg', picture(rows, 'Throughput', 'requests/s', (row) => row.requests_per_second)],
    [
      'scaling-cpu.svg',
      picture(rows, 'CPU of the gateway', 'us per request', (row) => row.gateway_cpu_us_per_request),
    ],
  ]);
  const { disturbed, of } = disturbed_samples;
  const markdown = [
    '`turntable serve` with `--gateway-threads` 1, 2 and 3: one process, one port, one table. `echo` gives back what it gets, so ' +
      `that the gateway is most of the work; \`fraud\` has ${settings.rows_per_request} rows a request. A closed loop of ` +
      `${settings.connections} connections, which the kernel spreads over the threads by chance; ${settings.rounds} rounds in ` +
      'rotated order, medians (least–greatest).',
    `Load generator, workers and gateway share the ${machine.cores} cores of this machine: throughput can only grow by what ` +
      'they leave. Whether threads would bring more elsewhere is told by the CPU that a request costs the gateway, which ' +
      'should not grow with them.',
    '![throughput by threads](scaling-throughput.svg)',
    '![CPU of the gateway by threads](scaling-cpu.svg)',
    markdownTable(HEADER, rows.map(cells)),
    ...rows.filter(({ threads }) => threads === 2).map(finding),
    ...(disturbed === 0 ? [] : [`Disturbed by other programs: ${disturbed} of ${of} samples.`]),
  ].join('\n\n');
  return { title: 'Threads of a gateway', markdown, pictures };
}

function finding({ model, workers, throughput_ratio, cpu_ratio, gateway_cores }: Row): string {
  return (
    `\`${model}\`, ${workers} ${workers === 1 ? 'worker' : 'workers'}: with two threads ` +
    `${fixed(throughput_ratio.median, 2)} of the throughput of one, at ${fixed(cpu_ratio.median, 2)} of its CPU per request; ` +
    `the gateway had ${fixed(gateway_cores.median, 2)} cores.`
  );
}

function picture(
  rows: readonly Row[],
  title: string,
  yLabel: string,
  quantity: (row: Row) => Spread,
): string {
  const groups = [...new Set(rows.map(groupOf))];
  const counts = [...new Set(rows.map(({ threads }) => threads))];
  const series = counts.map((threads) => {
    const own = groups.map((group) => rows.find((row) => row.threads === threads && groupOf(row) === group));
    const pick = (part: keyof Spread) => own.map((row) => (row ? quantity(row)[part] : null));
    return {
      name: `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      ...{ values: pick('median'), low: pick('min'), high: pick('max') },
    };
  });
  return barChart({ title, yLabel, groups, series });
}

function groupOf({ model, workers }: Row): string {
  return `${model}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
}
