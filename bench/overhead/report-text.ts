/** The report as a person reads it. */
import type { LoadSample } from '../support/measure-load.ts';
import { type Spread, spreadOf } from '../support/statistics.ts';
import { ofSystem } from './figures.ts';
import { NEIGHBOURS, type NeighbourSample } from './neighbour.ts';
import type { OverheadReport } from './report.ts';

const FIRST_COLUMN = 32;
const COLUMN = 28;

export function renderReport(report: OverheadReport): string {
  const { machine, samples, settings } = report;
  const versions = `node ${machine.node}, onnxruntime ${machine.onnxruntime_node}, nginx ${machine.nginx}, wrk ${machine.wrk}`;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; ${versions}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Figures are medians over the rounds (least..greatest).',
    ],
    systemTable('Under load', samples.load),
    systemTable('One connection', samples.single_connection).slice(0, 5),
    limitLines(report),
    memoryLines(report),
    neighbourTable(report),
    verdictLines(report),
    warningLines(report),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function systemTable(title: string, samples: readonly LoadSample[]): string[] {
  if (samples.length === 0) return [];
  const systems = [...new Set(samples.map((sample) => sample.system))];
  const line = (name: string, digits: number, quantity: (sample: LoadSample) => number) =>
    row(name, ...systems.map((system) => show(spreadOf(ofSystem(samples, system).map(quantity)), digits)));
  return [
    row(title, ...systems),
    line('requests/s', 0, (sample) => sample.requests_per_second),
    line('p50, us', 0, (sample) => sample.p50_us),
    line('p99, us', 0, (sample) => sample.p99_us),
    line('CPU us per request', 1, (sample) => sample.cpu_us_per_request),
    line('  gateway', 1, (sample) => sample.gateway_cpu_us_per_request),
    line('  workers', 1, (sample) => sample.workers_cpu_us_per_request),
    line('cores busy: the system', 2, (sample) => sample.cores_busy.system),
    line('  load generator', 2, (sample) => sample.cores_busy.load_generator),
    line('  idle systems', 2, (sample) => sample.cores_busy.idle_systems),
    line('  programs not of this run', 2, (sample) => sample.cores_busy.others),
    line('  withheld by the hypervisor', 2, (sample) => sample.cores_busy.stolen),
    line('failed requests', 0, (sample) => sample.failed),
  ];
}

function limitLines({ samples, spread }: OverheadReport): string[] {
  if (samples.onnx.length === 0) return [];
  const rows = (processes: number) =>
    show(spreadOf(samples.onnx.filter((s) => s.processes === processes).map((s) => s.rows_per_second)), 0);
  return [
    row('ONNX Runtime alone', 'rows/s'),
    ...[...new Set(samples.onnx.map((sample) => sample.processes))]
      .toSorted((a, b) => a - b)
      .map((processes) => row(`  processes: ${processes}`, rows(processes))),
    row('Turntable reaches of the last', show(spread.fraction_of_limit, 3)),
  ];
}

function memoryLines({ spread }: OverheadReport): string[] {
  if (spread.gateway_idle_memory_mb === null) return [];
  const { gateway_idle_memory_mb: idle, gateway_memory_after_load_mb: afterLoad } = spread;
  return [
    `Memory of the gateway process: ${show(idle, 1)} MB after start, ${show(afterLoad, 1)} MB after load`,
  ];
}

function neighbourTable({ samples: { neighbour }, spread }: OverheadReport): string[] {
  if (neighbour === null) return [];
  const line = (name: string, digits: number, quantity: (sample: NeighbourSample) => number) =>
    row(
      name,
      ...NEIGHBOURS.map((kind) =>
        show(spreadOf(neighbour.samples.filter((sample) => sample.neighbour === kind).map(quantity)), digits),
      ),
    );
  return [
    row(`Neighbour of ${(neighbour.body_bytes / 1e6).toFixed(1)} MB requests`, ...NEIGHBOURS),
    line('small requests/s', 0, ({ small }) => small.requests_per_second),
    line('small p50, us', 0, ({ small }) => small.p50_us),
    line('small p99, us', 0, ({ small }) => small.p99_us),
    line('small p99.9, us', 0, ({ small }) => small.p999_us),
    line('large requests per window', 0, (sample) => sample.large_completed),
    line('large mean, ms', 0, (sample) => sample.large_mean_ms ?? 0),
    `p99 beside the neighbour over p99 alone: ${show(spread.neighbour_p99_ratio, 2)}`,
    `  over p99 with the same load on another gateway: ${show(spread.neighbour_p99_ratio_vs_other_gateway, 2)}`,
    ...(neighbour.refused === null ? [] : [`the server REFUSED the large requests: ${neighbour.refused}`]),
  ];
}

function verdictLines({ targets, spread }: OverheadReport): string[] {
  return [
    row('Target', 'limit', 'measured', 'verdict'),
    ...targets.map(({ figure, comparison, limit, verdict }) =>
      row(figure, `${comparison} ${limit}`, show(spread[figure], 2), verdict),
    ),
  ];
}

function warningLines({ failed_requests, disturbed_samples: { disturbed, of } }: OverheadReport): string[] {
  const failed = Object.entries(failed_requests).filter(([, count]) => count > 0);
  return [
    ...failed.map(
      ([system, count]) => `!!! ${system}: ${count} REQUESTS FAILED; its figures are not to be used`,
    ),
    ...(failed.length > 0 ? [] : ['No request failed.']),
    ...(disturbed === 0
      ? []
      : [`!!! ${disturbed} of ${of} samples were disturbed by other programs or the hypervisor.`]),
  ];
}

function row(first: string, ...rest: readonly string[]): string {
  return [first.padEnd(FIRST_COLUMN), ...rest.map((cell) => cell.padEnd(COLUMN))].join('').trimEnd();
}

function show(spread: Spread | null, digits: number): string {
  if (spread === null) return '-';
  const { median, min, max } = spread;
  if (min === max) return median.toFixed(digits);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}..${max.toFixed(digits)})`;
}
