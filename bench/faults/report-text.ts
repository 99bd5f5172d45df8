/** The report as a person reads it. */
import { LOAD } from './faults-run.ts';
import type { FaultsReport } from './report.ts';

const FIRST_COLUMN = 36;
const COLUMN = 12;
/** A client that is later than this measures itself, and the machine is busy with other things. */
const MOST_LAG_MS = 5;

export function renderReport(report: FaultsReport): string {
  const { machine, settings, capacity } = report;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; node ${machine.node}, redis ${machine.redis}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      `Load: ${LOAD * 100} % of what four workers carry; latencies in ms from the intended time.`,
      ...(capacity === null
        ? []
        : [
            `The workers carry ${round(capacity.per_second, 0)} requests/s (${round(capacity.nominal_per_second, 0)} by their service time).`,
          ]),
    ],
    faultTable(report),
    drawnLines(report),
    overloadTable(report),
    [
      row('Target', 'limit', 'measured', 'verdict'),
      ...report.targets.map(({ figure, comparison, limit, value, verdict }) =>
        row(figure, `${comparison} ${limit}`, round(value, 3), verdict),
      ),
    ],
    lagLines(report),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function faultTable({ faults }: FaultsReport): string[] {
  return [
    row('Fault', 'failed', 'p99 before', 'p99 during', 'p99 after', 'detect, ms', 'recover, ms'),
    ...faults.map((sample) =>
      row(
        sample.title,
        String(sample.failed),
        round(sample.p99_before_ms, 1),
        round(sample.p99_during_ms, 1),
        round(sample.p99_after_ms, 1),
        round(sample.detect_ms, 0),
        round(sample.recover_ms, 0),
      ),
    ),
  ];
}

function drawnLines({ faults }: FaultsReport): string[] {
  return faults.flatMap((sample) => {
    if (!('detected_by' in sample)) return [];
    const { title, detected_by, returned_ms, drawn_share_after_second: drawn, during } = sample;
    const said = [
      ...(detected_by === null ? [] : [`noticed as "${detected_by}"`]),
      ...(drawn === null ? [] : [`drew ${round(drawn * 100, 2)} % of the requests after its first second`]),
      ...(returned_ms === null ? [] : [`was used again ${round(returned_ms, 0)} ms after it was well`]),
      ...(Object.keys(during.others).length === 0
        ? []
        : [`answers other than 200 while it lasted: ${JSON.stringify(during.others)}`]),
    ];
    return said.length === 0 ? [] : [`${title}: ${said.join('; ')}`];
  });
}

function overloadTable({ overload }: FaultsReport): string[] {
  if (overload.length === 0) return [];
  const line = (name: string, cell: (sample: FaultsReport['overload'][number]) => string) =>
    row(name, ...overload.map(cell));
  return [
    line('Overload', ({ times }) => `${times} times`),
    line('requests/s offered', (sample) => round(sample.offered_per_second, 0)),
    line('served in time/s', (sample) => round(sample.goodput_per_second, 1)),
    line('  over what the workers carry', (sample) => round(sample.goodput_of_capacity, 3)),
    line('p50 of what is served', (sample) => round(sample.p50_served_ms, 1)),
    line('p99 of what is served', (sample) => round(sample.p99_served_ms, 1)),
    line('  served within the deadline', (sample) => round(sample.within_deadline_share, 4)),
    line('refused/s (503)', (sample) => round(sample.refused_per_second, 0)),
    line('p99 of a refusal', (sample) => round(sample.p99_refused_ms, 1)),
    line('late (504)', (sample) => String(sample.late)),
    line('failed otherwise', (sample) => String(sample.failed)),
    line('gateway, cores busy', (sample) => round(sample.gateway_cores_busy, 2)),
    line('gateway CPU us per refusal', (sample) => round(sample.gateway_cpu_us_per_refusal, 0)),
  ];
}

function lagLines({ faults, overload }: FaultsReport): string[] {
  const samples = [...faults.flatMap((sample) => ('lag_ms' in sample ? [sample] : [])), ...overload];
  return samples
    .filter(({ lag_ms }) => lag_ms > MOST_LAG_MS)
    .map(({ title, lag_ms }) => `!!! ${title}: the client itself was late, p99 ${round(lag_ms, 1)} ms`);
}

function row(first: string, ...rest: readonly string[]): string {
  return [first.padEnd(FIRST_COLUMN), ...rest.map((cell) => cell.padEnd(COLUMN))].join('').trimEnd();
}

function round(value: number | null, digits: number): string {
  if (value === null) return '-';
  return value === Number.POSITIVE_INFINITY ? 'never' : value.toFixed(digits);
}
