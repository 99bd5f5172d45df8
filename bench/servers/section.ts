/** What the report says of model servers. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import type { Spread } from '../support/statistics.ts';
import type { LoadRow } from './figures.ts';
import type { ServersReport } from './report.ts';
import { capacityTable, findings, loadTable, ownTable } from './report-tables.ts';

export function serversSection(report: ServersReport): Section {
  const { settings, rows, own } = report;
  const pictures = picturesOf(report);
  const shown = (name: string, what: string) => (pictures.has(name) ? [`![${what}](${name})`] : []);
  const markdown = [
    `Servers of models that people use, and the published design, each with ${settings.workers} processes that infer, ` +
      `beside Turntable (\`serve\` with ${settings.workers} workers). All but the published design serve the same ONNX ` +
      'model on ONNX Runtime with one thread and give the same answers, which is checked; all get the same bodies of ' +
      `${settings.rows_per_request} rows, ${settings.body_bytes_mean} bytes (${settings.bodies_from}). How each is ` +
      'configured, and why, stands in `bench/peers/`. Triton comes in containers; what can be had of it from a package ' +
      'has only its Python backend, in which ONNX Runtime runs here. Ray Serve runs with the HAProxy that it brings. ' +
      'The published design was written by us after its description: per request a read of all workers from Redis, ' +
      'a count up, the request over HTTP, a count down; its workers run a scikit-learn forest of the size of ours, and ' +
      'in a second measurement the ONNX model, which tells the design from what it runs.',
    `Each peer is up for its own rounds only (${settings.rounds}), in which it and Turntable take turns; medians over the ` +
      'rounds (least–greatest).',
    '### Capacity',
    `A closed loop with ${settings.connections} connections.`,
    ...shown('servers-throughput.svg', 'Throughput of each system'),
    markdownTable(...capacityTable(rows)),
    '### Latency at the same rate',
    "An open loop: Poisson arrivals at a part of the peer's capacity, the same to both; latency from the intended time.",
    ...loadsOf(rows.flatMap(({ loads }) => loads)).flatMap((load) =>
      shown(pictureName(load), `p99 of each pair at ${load * 100} % of the peer's capacity`),
    ),
    markdownTable(...loadTable(rows)),
    ...(own.length === 0 ? [] : ['### Turntable at its own capacity', markdownTable(...ownTable(own))]),
    '### What we see',
    findings(report)
      .map((finding) => `- ${finding}`)
      .join('\n'),
  ];
  return { title: 'Model servers and the published design', markdown: markdown.join('\n\n'), pictures };
}

function picturesOf({ rows }: ServersReport): Map<string, string> {
  if (rows.length === 0) return new Map();
  const pictures = new Map([
    [
      'servers-throughput.svg',
      barChart({
        ...{ title: 'Throughput, closed loop', yLabel: 'requests/s', yScale: 'log' as const },
        groups: rows.map(({ title }) => title),
        // Each beside the Turntable of its own rounds: what the machine gives changes from one pair to the next.
        series: [
          bars(
            'the peer',
            rows.map(({ capacity }) => capacity.requests_per_second),
          ),
          bars(
            'Turntable, by turns with it',
            rows.map(({ turntable_capacity }) => turntable_capacity.requests_per_second),
          ),
        ],
      }),
    ],
  ]);
  for (const load of loadsOf(rows.flatMap(({ loads }) => loads))) {
    const at = rows.map(({ loads }) => loads.find((row) => row.load === load));
    pictures.set(
      pictureName(load),
      barChart({
        title: `p99 latency at ${Math.round(load * 100)} % of each peer's capacity`,
        ...{ yLabel: 'ms', yScale: 'log' as const },
        groups: rows.map(({ title }) => title),
        series: [
          bars(
            'the peer',
            at.map((row) => row?.peer?.p99_ms ?? null),
          ),
          bars(
            'Turntable at the same rate',
            at.map((row) => row?.turntable.p99_ms ?? null),
          ),
        ],
      }),
    );
  }
  return pictures;
}

function bars(name: string, spreads: readonly (Spread | null)[]) {
  return {
    name,
    values: spreads.map((spread) => spread?.median ?? null),
    low: spreads.map((spread) => spread?.min ?? null),
    high: spreads.map((spread) => spread?.max ?? null),
  };
}

function loadsOf(rows: readonly LoadRow[]): number[] {
  return [...new Set(rows.map(({ load }) => load))];
}

function pictureName(load: number): string {
  return `servers-p99-at-${Math.round(load * 100)}.svg`;
}
