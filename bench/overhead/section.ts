/** The overhead benchmark in the report. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed, spreadText } from '../report/spread-text.ts';
import type { LoadSample } from '../support/measure-load.ts';
import { type Spread, spreadOf } from '../support/statistics.ts';
import { ofSystem } from './figures.ts';
import { NEIGHBOURS } from './neighbour.ts';
import type { OverheadReport } from './report.ts';

const NAMES: Readonly<Record<string, string>> = {
  turntable: 'Turntable',
  nginx: 'NGINX least_conn',
  direct: 'one worker, nothing before it',
};

export function overheadSection(report: OverheadReport): Section {
  const { load } = report.samples;
  const systems = ['turntable', 'nginx', 'direct'].filter((system) => ofSystem(load, system).length > 0);
  const pictures = new Map([
    ['overhead-throughput.svg', throughputPicture(load, systems)],
    ['overhead-cpu.svg', cpuPicture(load, systems)],
  ]);
  const markdown = [
    `The fraud model behind Turntable with ${report.settings.workers} workers, and behind NGINX with as many plain HTTP workers of ` +
      `the same model; one such worker with nothing before it shows what a proxy adds. Closed loop of ` +
      `${report.settings.connections} connections, bodies of ${fixed(report.settings.body_bytes_mean as number, 0)} bytes, ` +
      `${report.settings.rounds} rounds by turns. CPU is that of all processes of a system.`,
    loadTable(load, systems),
    seen(report),
    ...missing(systems),
    '![requests a second of each system](overhead-throughput.svg)',
    '![CPU per request of each system](overhead-cpu.svg)',
    ...otherFigures(report),
    ...neighbour(report),
  ].join('\n\n');
  return { title: 'Overhead beside NGINX', markdown, pictures };
}

function loadTable(load: readonly LoadSample[], systems: readonly string[]): string {
  const rows = systems.map((system) => {
    const of = (quantity: (sample: LoadSample) => number) => spreadOf(ofSystem(load, system).map(quantity));
    return [
      NAMES[system] ?? system,
      spreadText(
        of((sample) => sample.requests_per_second),
        0,
      ),
      spreadText(
        of((sample) => sample.p50_us / 1_000),
        2,
      ),
      spreadText(
        of((sample) => sample.p99_us / 1_000),
        2,
      ),
      spreadText(
        of((sample) => sample.cpu_us_per_request),
        1,
      ),
      spreadText(
        of((sample) => sample.gateway_cpu_us_per_request),
        1,
      ),
      spreadText(
        of((sample) => sample.failed),
        0,
      ),
    ];
  });
  const header = [
    'system',
    'requests/s',
    'p50, ms',
    'p99, ms',
    'CPU per request, µs',
    'of it before the workers',
    'failed',
  ];
  return markdownTable(header, rows);
}

function seen({ spread, disturbed_samples }: OverheadReport): string {
  const { throughput_ratio_vs_nginx: throughput, cpu_ratio_vs_nginx: cpu, p99_ratio_vs_nginx: p99 } = spread;
  const { disturbed, of } = disturbed_samples;
  const beside =
    throughput === null
      ? 'Without NGINX there is no comparison.'
      : `Over NGINX in the same round: ${spreadText(throughput, 2)} times the throughput, ` +
        `${spreadText(cpu, 2)} times the CPU per request, ${spreadText(p99, 2)} times the p99.`;
  return disturbed === 0 ? beside : `${beside} Other programs disturbed ${disturbed} of ${of} samples.`;
}

function missing(systems: readonly string[]): string[] {
  return systems.includes('nginx') ? [] : ['**NGINX was not measured.**'];
}

function throughputPicture(load: readonly LoadSample[], systems: readonly string[]): string {
  const spreads = systems.map((system) =>
    spreadOf(ofSystem(load, system).map((sample) => sample.requests_per_second)),
  );
  return barChart({
    title: 'Overhead: throughput in a closed loop',
    yLabel: 'requests/s',
    groups: systems.map((system) => NAMES[system] ?? system),
    series: [{ name: 'requests/s', ...bars(spreads) }],
  });
}

function cpuPicture(load: readonly LoadSample[], systems: readonly string[]): string {
  const parts: readonly [string, (sample: LoadSample) => number][] = [
    ['in all', (sample) => sample.cpu_us_per_request],
    ['gateway or proxy', (sample) => sample.gateway_cpu_us_per_request],
    ['workers', (sample) => sample.workers_cpu_us_per_request],
  ];
  return barChart({
    title: 'Overhead: CPU per request',
    yLabel: 'µs of CPU per request',
    groups: parts.map(([name]) => name),
    series: systems.map((system) => ({
      name: NAMES[system] ?? system,
      ...bars(parts.map(([, quantity]) => spreadOf(ofSystem(load, system).map(quantity)))),
    })),
  });
}

function bars(spreads: readonly (Spread | null)[]) {
  return {
    values: spreads.map((spread) => spread?.median ?? null),
    low: spreads.map((spread) => spread?.min ?? null),
    high: spreads.map((spread) => spread?.max ?? null),
  };
}

function otherFigures({ spread }: OverheadReport): string[] {
  const rows: [string, Spread | null, number][] = [
    ['p50 that the gateway adds to one connection, µs', spread.added_p50_us, 0],
    ['rows/s over those of ONNX Runtime alone on as many processes', spread.fraction_of_limit, 3],
    ['choosing a worker among 100, µs', spread.pick_worker_us, 2],
    ['memory of the gateway after start, MB', spread.gateway_idle_memory_mb, 1],
    ['memory of the gateway after the load, MB', spread.gateway_memory_after_load_mb, 1],
  ];
  const measured = rows.filter(([, figure]) => figure !== null);
  if (measured.length === 0) return [];
  return [
    markdownTable(
      ['figure', 'measured'],
      measured.map(([name, figure, digits]) => [name, spreadText(figure, digits)]),
    ),
  ];
}

function neighbour({ samples, spread }: OverheadReport): string[] {
  if (samples.neighbour === null) return [];
  const { samples: all, body_bytes } = samples.neighbour;
  const rows = NEIGHBOURS.map((kind) => {
    const small = all.filter((sample) => sample.neighbour === kind).map((sample) => sample.small);
    return [
      kind,
      spreadText(spreadOf(small.map((sample) => sample.requests_per_second)), 0),
      spreadText(spreadOf(small.map((sample) => sample.p50_us / 1_000)), 2),
      spreadText(spreadOf(small.map((sample) => sample.p99_us / 1_000)), 2),
    ];
  });
  return [
    `Small requests while a neighbour sends ${fixed(body_bytes / 1e6, 1)} MB ones. The neighbour's inference takes processor time wherever it ` +
      'is sent; what the same gateway adds to that of another gateway is the gateway’s own stall: ' +
      `${spreadText(spread.neighbour_p99_ratio, 2)} times the p99 of no neighbour, ` +
      `${spreadText(spread.neighbour_p99_ratio_vs_other_gateway, 2)} times that beside the other gateway.`,
    markdownTable(['neighbour', 'small requests/s', 'p50, ms', 'p99, ms'], rows),
  ];
}
