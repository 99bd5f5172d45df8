/** What the report says of how requests are spread. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed, spreadText } from '../report/spread-text.ts';
import type { Spread } from '../support/statistics.ts';
import type { Row } from './figures.ts';
import { INSTANCES, instancesText } from './instances.ts';
import type { DistributionReport } from './report.ts';
import type { SystemName } from './systems.ts';
import { PATTERNS, type Pattern } from './workload.ts';

export function distributionSection(report: DistributionReport): Section {
  const { systems, settings, rows } = report;
  const absent = Object.keys(systems).filter((name) => systems[name as SystemName] === null);
  const percent = settings.load * 100;
  const markdown = [
    `${fixed(settings.requests, 0)} requests (half of them where arrivals have times of their own) to ${settings.workers} equal workers (the paper's Figure 6), by one gateway and ` +
      'by three that share the load, counted by the workers. They do one request at a time in the order of arrival, and no ' +
      'processor time is needed for it, so that none is slower than another. The proxies stand before the same kind of ' +
      "workers; Turntable's gateways share one table on Redis, three instances of a proxy know nothing of each other. All " +
      `are sent the same, ${Number(settings.abreast) > 1 ? `${settings.abreast} at a time` : 'by turns'}; rounds: ${settings.rounds}, figures are medians (least–greatest).`,
    [
      `- closed loop: ${settings.closed_connections} connections, each sends when it was answered; ${settings.mean_ms} ms each. ` +
        'As long as no worker runs out of requests, equal ones end up with equal counts under nearly any rule;',
      `- bursts: 1 to ${settings.largest_burst} requests at once, ${percent} % of what the workers carry; ${settings.mean_ms} ms each;`,
      `- lognormal: Poisson arrivals, ${percent} %, lognormal times of ${settings.mean_ms} ms on average. Equal counts are ` +
        'not the point here, what matters is the p99, from the intended time.',
    ].join('\n'),
    ...(absent.length === 0 ? [] : [`Not measured in this run: ${absent.join(', ')}.`]),
    '![How much more the fullest worker got than the emptiest](distribution-unevenness.svg)',
    '![Requests of each worker, three gateways, bursts](distribution-counts.svg)',
    '![p99 where service times are lognormal](distribution-p99.svg)',
    ...PATTERNS.flatMap((pattern) =>
      rows.some((row) => row.pattern === pattern) ? [`### ${titleOf(pattern)}`, table(report, pattern)] : [],
    ),
    ...findings(report),
  ].join('\n\n');
  const pictures = new Map([
    ['distribution-unevenness.svg', unevennessPicture(report)],
    ['distribution-counts.svg', countsPicture(report)],
    ['distribution-p99.svg', p99Picture(report)],
  ]);
  return { title: 'Distribution', markdown, pictures };
}

function titleOf(pattern: Pattern): string {
  return `${pattern.slice(0, 1).toUpperCase()}${pattern.slice(1)}`;
}

function table({ rows, systems }: DistributionReport, pattern: Pattern): string {
  const latency = pattern !== 'closed loop';
  return markdownTable(
    [
      ...['gateways', 'system', 'requests of each worker', 'largest over smallest'],
      ...(latency ? ['p50 ms', 'p99 ms'] : []),
      'failed',
    ],
    rows
      .filter((row) => row.pattern === pattern)
      .map((row) => [
        ...[String(row.instances), nameOf(systems, row.system)],
        ...[row.counts.map(({ median }) => fixed(median, 0)).join(' · '), spreadText(row.max_over_min, 3)],
        ...(latency ? [spreadText(row.p50_ms, 1), spreadText(row.p99_ms, 1)] : []),
        String(row.errors),
      ]),
  );
}

/** In percent: as a ratio near 1 there would be nothing to see. */
function unevennessPicture(report: DistributionReport): string {
  const surplus = (value: number) => (value - 1) * 100;
  const cells = INSTANCES.flatMap((instances) =>
    (['closed loop', 'bursts'] as const).map((pattern) => ({ instances, pattern })),
  );
  return barChart({
    ...{ title: 'The fullest worker over the emptiest', yLabel: 'more requests, %' },
    groups: groupsOf(report),
    series: cells.map(({ instances, pattern }) => ({
      name: `${instancesText(instances)}, ${pattern}`,
      ...barsOf(report, instances, pattern, ({ max_over_min }) => max_over_min, surplus),
    })),
  });
}

function countsPicture(report: DistributionReport): string {
  const most = Math.max(...INSTANCES);
  return barChart({
    title: `Requests of each worker, ${instancesText(most)}, bursts`,
    yLabel: 'requests',
    groups: groupsOf(report),
    series: Array.from({ length: report.settings.workers }, (_, worker) => ({
      name: `worker ${worker + 1}`,
      ...barsOf(report, most, 'bursts', ({ counts }) => counts[worker] ?? null),
    })),
  });
}

function p99Picture(report: DistributionReport): string {
  return barChart({
    ...{ title: 'p99 where service times are lognormal', yLabel: 'ms' },
    groups: groupsOf(report),
    series: INSTANCES.map((instances) => ({
      name: instancesText(instances),
      ...barsOf(report, instances, 'lognormal', ({ p99_ms }) => p99_ms),
    })),
  });
}

function measured({ systems }: DistributionReport): SystemName[] {
  return (Object.keys(systems) as SystemName[]).filter((name) => systems[name] !== null);
}

function groupsOf(report: DistributionReport): string[] {
  return measured(report).map((name) => nameOf(report.systems, name));
}

function barsOf(
  report: DistributionReport,
  instances: number,
  pattern: Pattern,
  quantity: (row: Row) => Spread | null,
  scale: (value: number) => number = (value) => value,
) {
  const spreads = measured(report).map((system) => {
    const row = report.rows.find(
      (one) => one.system === system && one.instances === instances && one.pattern === pattern,
    );
    return row === undefined ? null : quantity(row);
  });
  const of = (part: keyof Spread) => spreads.map((spread) => (spread === null ? null : scale(spread[part])));
  return { values: of('median'), low: of('min'), high: of('max') };
}

function nameOf(systems: DistributionReport['systems'], system: SystemName): string {
  return systems[system] ?? system;
}

/** In words, won or lost, straight from the figures. */
function findings({
  figures,
  rows,
  systems,
  disturbed_samples: { disturbed, of },
}: DistributionReport): string[] {
  const compared = INSTANCES.flatMap((instances) => {
    const key = `lognormal_p99_ratio_vs_best_peer_${instances === 1 ? '1_gateway' : `${instances}_gateways`}`;
    const ratio = figures[key] ?? null;
    if (ratio === null) return [];
    const word = ratio <= 1 ? 'lower' : '**higher**';
    return [
      `With lognormal times and ${instancesText(instances)} the p99 of Turntable is ${ratio.toFixed(2)} times that of the ` +
        `best peer: ${word}.`,
    ];
  });
  const failed = rows.filter(({ errors }) => errors > 0);
  return [
    ...compared,
    failed.length === 0
      ? 'No request failed.'
      : `Failed: ${failed.map((row) => `${nameOf(systems, row.system)}, ${instancesText(row.instances)}, ${row.pattern}: ${row.errors} of ${row.requests}`).join('; ')}.`,
    ...(disturbed === 0
      ? []
      : [`The processors had too much to do during ${disturbed} of ${of} samples with latencies.`]),
  ];
}
