/** The distance to the limit in the report of all benchmarks. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed, spreadText } from '../report/spread-text.ts';
import type { Spread } from '../support/statistics.ts';
import { cellTitle } from './cells.ts';
import type { CellRow, LoopRow } from './figures.ts';
import type { LimitReport } from './report.ts';
import { SHARE_NAMES, SHARES } from './share-names.ts';

export function limitSection(report: LimitReport): Section {
  const { loops, cells } = report.figures;
  const { cores } = report.machine;
  const { workers, connections, image_connections, image_size } = report.settings;
  const blocks = [
    `Throughput of Turntable's \`serve\` with ${workers} workers over that of ONNX Runtime alone, which runs the same model ` +
      `on the same rows in a loop, a process on each of the ${cores} cores, with the batch size that is best for it: no ` +
      `server can be above 1. wrk keeps ${connections} requests under way (${image_connections} of ResNet-18, with images of ` +
      `${image_size} x ${image_size}) and runs on the same cores, so the second fraction is of the limit on the cores less ` +
      'what wrk took of them. Medians over the rounds (least–greatest), ratios within a round.',
    markdownTable(
      ['ONNX Runtime alone', 'rows a run', 'rows/s', 'CPU µs a row'],
      loops.map((row) => [
        ...[loopTitle(row), String(row.batch_rows), spreadText(row.rows_per_second, 0)],
        spreadText(row.cpu_us_per_row, 2),
      ]),
    ),
    markdownTable(
      [
        'request',
        'bytes',
        'rows/s',
        'of the limit',
        'without the load generator',
        'rows a run',
        'p99, µs',
        'failed',
      ],
      cells.map((row) => [
        ...[cellTitle(row.cell), fixed(row.body_bytes, 0), spreadText(row.rows_per_second, 0)],
        ...[spreadText(row.fraction_of_limit, 3), spreadText(row.fraction_without_load_generator, 3)],
        ...[spreadText(row.batch_rows, 1), spreadText(row.p99_us, 0), String(row.failed)],
      ]),
    ),
    '![Rows a second over those of ONNX Runtime alone](limit-fraction.svg)',
    '### Where the rest goes',
    "Processor time of each request by process; and what the workers' own statistics tell, by the clock: where a process " +
      'waits for a core in the middle of a run, that is in it, and inference can come to more than the processor ' +
      'time of the workers.',
    markdownTable(
      [
        ...['request', 'load generator, µs', 'gateway, µs', 'workers, µs'],
        ...['decoding, clock', 'inference, clock', 'encoding, clock', 'inference over workers'],
      ],
      cells.map(({ cell, cpu, clock, inference_share_of_workers }) => [
        ...[cellTitle(cell), spreadText(cpu.load_generator_us, 1), spreadText(cpu.gateway_us, 1)],
        ...[spreadText(cpu.workers_us, 1), spreadText(clock.decode_us, 1), spreadText(clock.infer_us, 1)],
        ...[spreadText(clock.encode_us, 1), spreadText(inference_share_of_workers, 2)],
      ]),
    ),
    'The same as parts of all cores over the time of each measurement, in which they add up to 1. Inference is the processor time ' +
      'that ONNX Runtime alone takes for these rows: at its best, and what it takes more in batches of the mean size that ' +
      'they had. "Rest of the workers" is what remains of theirs: the channel, batching, threads, and colder caches.',
    markdownTable(
      ['request', ...SHARES.map((name) => SHARE_NAMES[name])],
      cells.map(({ cell, shares }) => [cellTitle(cell), ...SHARES.map((name) => fixed(shares?.[name], 3))]),
    ),
    '![What the cores do](limit-shares.svg)',
    '### What we see',
    cells.map(seen).join('\n'),
  ];
  return {
    title: 'Distance to the limit',
    markdown: blocks.join('\n\n'),
    pictures: new Map([
      ['limit-fraction.svg', fractionChart(cells)],
      ['limit-shares.svg', sharesChart(cells)],
    ]),
  };
}

function loopTitle({ model, best }: LoopRow): string {
  const title = model === 'fraud' ? 'fraud' : 'ResNet-18';
  return best ? `${title}, the limit` : title;
}

/** The largest part of the cores that is no inference. */
function seen({ cell, fraction_of_limit, shares }: CellRow): string {
  const reached = `- ${cellTitle(cell)}: ${spreadText(fraction_of_limit, 3)} of the limit`;
  if (shares === null) return `${reached}.`;
  const rest = SHARES.filter((name) => name !== 'limit_inference').toSorted((a, b) => shares[b] - shares[a]);
  const [first, second] = rest.map((name) => `${SHARE_NAMES[name]} (${fixed(shares[name], 2)} of the cores)`);
  return `${reached}; most of the rest is ${first}, then ${second}.`;
}

function fractionChart(cells: readonly CellRow[]): string {
  const series = (name: string, quantity: (row: CellRow) => Spread | null) => ({
    name,
    values: cells.map((row) => quantity(row)?.median ?? null),
    low: cells.map((row) => quantity(row)?.min ?? null),
    high: cells.map((row) => quantity(row)?.max ?? null),
  });
  return barChart({
    title: 'Rows a second over those of ONNX Runtime alone',
    yLabel: 'fraction of the limit',
    groups: cells.map(({ cell }) => cellTitle(cell)),
    series: [
      series('all cores', (row) => row.fraction_of_limit),
      series('cores less the load generator', (row) => row.fraction_without_load_generator),
    ],
  });
}

function sharesChart(cells: readonly CellRow[]): string {
  return barChart({
    title: 'What the cores do',
    yLabel: 'part of all cores',
    groups: cells.map(({ cell }) => cellTitle(cell)),
    series: SHARES.map((name) => ({
      name: SHARE_NAMES[name],
      values: cells.map(({ shares }) => shares?.[name] ?? null),
    })),
  });
}
