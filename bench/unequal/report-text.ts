/** The report as a person reads it. */
import type { Row } from './figures.ts';
import type { UnequalReport } from './report.ts';

const FIRST_COLUMN = 50;
const COLUMN = 36;

export function renderReport(report: UnequalReport): string {
  const { machine, settings } = report;
  const { node, nginx, haproxy, envoy, traefik, redis } = machine;
  const versions = `node ${node}, nginx ${nginx}, haproxy ${haproxy}, envoy ${envoy}, traefik ${traefik}, redis ${redis}`;
  const blocks = [
    [
      `${machine.cpu_model}, ${machine.cores} cores, kernel ${machine.kernel}; ${versions}`,
      `commit ${machine.commit}; ${JSON.stringify(settings)}`,
      'Milliseconds, of all rounds together: p50 / p99 (least..greatest p99 of a round), errors if any,',
      'and p99 over that of the best peer with the same requests. * is the default policy.',
    ],
    ...blocksOf(report),
    policyTable(report),
    lostLines(report),
    [
      row('Target', 'limit', 'measured', 'verdict'),
      ...report.targets.map(({ figure, comparison, limit, value, verdict }) =>
        row(figure, `${comparison} ${limit}`, value === null ? '-' : value.toFixed(3), verdict),
      ),
    ],
    warningLines(report),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** One table for what is sent in a scenario, with a column for each load. */
function blocksOf({ rows }: UnequalReport): string[][] {
  const blocks = Object.groupBy(rows, ({ scenario, workload }) => `${scenario} workers, ${workload}`);
  return Object.entries(blocks).map(([title, ofBlock = []]) => {
    const loads = [...new Set(ofBlock.map(({ load }) => load))];
    const systems = [...new Set(ofBlock.map(({ system }) => system))];
    return [
      row(title, ...loads.map((load) => `load ${load}`)),
      ...systems.map((system) => {
        const own = ofBlock.filter((one) => one.system === system);
        const cells = loads.map((load) => showRow(own.find((one) => one.load === load)));
        return row(`  ${system}${own[0]?.is_default ? ' *' : ''}`, ...cells);
      }),
    ];
  });
}

function showRow(one: Row | undefined): string {
  if (one === undefined) return '-';
  const { p50_ms, p99_ms, p99_ms_spread, errors, p99_ratio_vs_best_peer: ratio, policy } = one;
  const spread =
    p99_ms_spread === null ? '' : ` (${p99_ms_spread.min.toFixed(0)}..${p99_ms_spread.max.toFixed(0)})`;
  return [
    `${round(p50_ms, 0)} / ${round(p99_ms, 0)}${spread}`,
    ...(errors === 0 ? [] : [`${errors} FAILED`]),
    ...(policy === null ? [] : [`x${round(ratio, 2)}`]),
  ].join('  ');
}

function policyTable({ policies, default_policy }: UnequalReport): string[] {
  if (policies.length < 2) return [];
  return [
    row(
      'Policies, over those of the best in each cell',
      'p99, geometric mean',
      'p99, worst',
      'p50, geometric mean',
    ),
    ...policies.map(({ policy, mean_p99_ratio, worst_p99_ratio, worst_in, mean_p50_ratio }) =>
      row(
        `  ${policy}${policy === default_policy ? ' *' : ''}`,
        mean_p99_ratio.toFixed(3),
        `${worst_p99_ratio.toFixed(2)} ${worst_in}`,
        mean_p50_ratio.toFixed(3),
      ),
    ),
    ...(policies.some(({ policy }) => policy === 'weighted-least-connections')
      ? ['  weighted-least-connections alone is told how fast each worker is.']
      : []),
  ];
}

function lostLines({ lost, rows }: UnequalReport): string[] {
  const of = rows.filter(({ is_default }) => is_default).length;
  if (of === 0) return [];
  return [
    `LOST by the default policy to the best peer: ${lost.length} of ${of}`,
    ...lost.map(({ scenario, workload, load, p99_ratio, p99_ratio_vs_best_peer }) => {
      const [best] = Object.entries(p99_ratio ?? {}).find(
        ([, ratio]) => ratio === p99_ratio_vs_best_peer,
      ) ?? [''];
      return row(
        `  ${scenario}, ${workload}, load ${load}`,
        `p99 x${round(p99_ratio_vs_best_peer, 3)}`,
        best,
      );
    }),
  ];
}

function warningLines({ disturbed_samples: { disturbed, of }, rows }: UnequalReport): string[] {
  const failed = rows.reduce((sum, { errors }) => sum + errors, 0);
  return [
    failed === 0 ? 'No request failed.' : `!!! ${failed} REQUESTS FAILED`,
    ...(disturbed === 0
      ? []
      : [`!!! ${disturbed} of ${of} samples were taken while the processors had too much to do.`]),
  ];
}

function row(first: string, ...rest: readonly string[]): string {
  return [first.padEnd(FIRST_COLUMN), ...rest.map((cell) => cell.padEnd(COLUMN))].join('').trimEnd();
}

function round(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}
