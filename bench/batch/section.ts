/** The batch in the report of all benchmarks. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { spreadText } from '../report/spread-text.ts';
import type { Spread } from '../support/statistics.ts';
import type { BatchRow } from './figures.ts';
import { BATCH, PART_TITLES, PARTS } from './options.ts';
import type { BatchReport } from './report.ts';

const HEADER = ['p50, ms', 'p99, ms', 'speed-up', 'efficiency'];

export function batchSection(report: BatchReport): Section {
  const { rows } = report.figures;
  const timed = rows.filter(({ part }) => part === 'timed');
  const networks = rows.filter(({ part }) => part !== 'timed');
  const pictures = new Map<string, string>();
  const blocks: string[] = [
    `A batch of requests in a closed loop, ${report.settings.concurrent} under way at once, on ${report.settings.workers.join(', ')} workers ` +
      `(the thesis, Table 5.1, has ${BATCH} requests). Speed-up is over the fewest workers in the same round; efficiency ` +
      'is that over the ratio of workers. Medians over the rounds (least–greatest).',
  ];
  if (timed.length > 0) {
    pictures.set('batch-timed-seconds.svg', chart(timed, 'Time for the batch', 'seconds', 'total_s'));
    pictures.set(
      'batch-timed-efficiency.svg',
      chart(timed, 'Scaling efficiency over the fewest workers', 'efficiency', 'efficiency'),
    );
    blocks.push(
      '### Fixed service time',
      `${timed[0]!.requests} requests to workers that take ${report.settings.service_ms} ms for each, one after the other, ` +
        'and no processor: what is left is scheduling. NGINX, HAProxy and "Turntable, HTTP workers" stand before the ' +
        'very same HTTP workers, "Turntable" before workers on its own channel with the same timer. "Of ideal" is the ' +
        'time in which the workers could have done it without a pause, over the time that it took. The proxies hand all ' +
        'requests to the workers at once; Turntable keeps those that no worker can begin yet, so that they can go to ' +
        'whichever is free first, and a pause of its gateway costs the workers more.',
      markdownTable(
        ['system', 'workers', 'total, s', 'requests/s', ...HEADER, 'of ideal', 'errors'],
        timed.map((row) => [
          ...[
            row.system,
            String(row.workers),
            spreadText(row.total_s, 2),
            spreadText(row.requests_per_second, 0),
          ],
          ...[...common(row), spreadText(row.of_ideal, 3), String(row.errors)],
        ]),
      ),
      '![Time for the batch with a fixed service time](batch-timed-seconds.svg)',
      '![Scaling efficiency with a fixed service time](batch-timed-efficiency.svg)',
    );
  }
  if (networks.length > 0) {
    pictures.set('batch-networks.svg', networksChart(networks));
    blocks.push(
      '### Networks',
      `Turntable's \`serve\`, an image of ${report.settings.image_size} x ${report.settings.image_size} in each request ` +
        'as a binary tensor, random weights. A network keeps one core busy for each worker, and this machine has ' +
        `${report.machine.cores}: more workers than that cannot be faster, here or in any system. What can be seen is ` +
        'whether they are slower; "of the cores" is the speed-up over that of the cores that the workers can use. ' +
        `The time of ${BATCH} requests is reckoned from those sent.`,
      markdownTable(
        [
          'network',
          'workers',
          'sent',
          'total, s',
          `${BATCH} in, s`,
          'requests/s',
          ...HEADER,
          'of the cores',
          'errors',
        ],
        networks.map((row) => [
          ...[PART_TITLES[row.part], String(row.workers), String(row.requests)],
          ...[spreadText(row.total_s, 1), spreadText(row.batch_s, 1), spreadText(row.requests_per_second, 1)],
          ...[...common(row), spreadText(row.core_efficiency, 3), String(row.errors)],
        ]),
      ),
      '![Requests a second of networks by number of workers](batch-networks.svg)',
    );
  }
  if (rows.length > 0)
    blocks.push('### What we see', [...seen(timed), ...seenOfNetworks(networks)].join('\n'));
  return { title: `A batch of ${BATCH} requests`, markdown: blocks.join('\n\n'), pictures };
}

function common(row: BatchRow): string[] {
  return [
    ...[spreadText(row.p50_ms, 1), spreadText(row.p99_ms, 1)],
    ...[spreadText(row.speed_up, 2), spreadText(row.efficiency, 3)],
  ];
}

/** What the figures say with the most workers, whoever is ahead. */
function seen(timed: readonly BatchRow[]): string[] {
  const most = Math.max(...timed.map(({ workers }) => workers));
  const last = timed.filter(({ workers }) => workers === most);
  return last
    .toSorted((a, b) => a.total_s.median - b.total_s.median)
    .map(
      ({ system, total_s, efficiency, of_ideal }) =>
        `- ${system} with ${most} workers: ${spreadText(total_s, 2)} s, efficiency ${spreadText(efficiency, 3)}, ` +
        `${spreadText(of_ideal, 3)} of ideal.`,
    );
}

function seenOfNetworks(networks: readonly BatchRow[]): string[] {
  return PARTS.flatMap((part) => {
    const last = networks.filter((row) => row.part === part).at(-1);
    if (last === undefined) return [];
    return [
      `- ${PART_TITLES[part]} with ${last.workers} workers reaches ${spreadText(last.core_efficiency, 3)} of what the ` +
        'cores allow.',
    ];
  });
}

function chart(
  rows: readonly BatchRow[],
  title: string,
  yLabel: string,
  quantity: 'total_s' | 'efficiency',
): string {
  return bars(
    rows,
    { title: `${title}, fixed service time`, yLabel },
    ({ system }) => system,
    (row) => row[quantity],
  );
}

function networksChart(rows: readonly BatchRow[]): string {
  const labels = { title: 'Requests a second, networks served by Turntable', yLabel: 'requests/s' };
  return bars(
    rows,
    labels,
    ({ part }) => PART_TITLES[part],
    (row) => row.requests_per_second,
  );
}

/** A group for each number of workers, and in it a bar for each series. */
function bars(
  rows: readonly BatchRow[],
  labels: { readonly title: string; readonly yLabel: string },
  seriesOf: (row: BatchRow) => string,
  quantity: (row: BatchRow) => Spread | null,
): string {
  const numbers = [...new Set(rows.map(({ workers }) => workers))].toSorted((a, b) => a - b);
  const names = [...new Set(rows.map(seriesOf))];
  return barChart({
    ...labels,
    groups: numbers.map((workers) => `${workers} workers`),
    series: names.map((name) => {
      const spreads = numbers.map((workers) => {
        const row = rows.find((one) => seriesOf(one) === name && one.workers === workers);
        return row === undefined ? null : quantity(row);
      });
      return {
        name,
        values: spreads.map((spread) => spread?.median ?? null),
        low: spreads.map((spread) => spread?.min ?? null),
        high: spreads.map((spread) => spread?.max ?? null),
      };
    }),
  });
}
