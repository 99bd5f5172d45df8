/** The faults benchmark in the report. */
import { barChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed } from '../report/spread-text.ts';
import { LOAD } from './faults-run.ts';
import type { FaultsReport } from './report.ts';

export function faultsSection(report: FaultsReport): Section {
  const { faults, overload, settings } = report;
  const pictures = new Map([
    ['faults-p99.svg', p99Picture(report)],
    ...(overload.length > 0 ? [['faults-overload.svg', overloadPicture(report)] as const] : []),
  ]);
  const markdown = [
    `One gateway, one controller and Redis serve ${settings.workers} workers, each of which takes ${settings.service_ms} ms and no CPU ` +
      `for a request. Requests come at random, ${LOAD * 100} % of what the workers carry, whether or not earlier ones are ` +
      'answered; latency counts from when a request was to be sent. One run of each fault, with real processes and signals.',
    markdownTable(
      [
        'fault',
        'failed',
        'p99 before, ms',
        'p99 during, ms',
        'p99 after, ms',
        'detected after, ms',
        'recovered after, ms',
      ],
      faults.map((sample) => [
        sample.title,
        fixed(sample.failed, 0),
        fixed(sample.p99_before_ms, 1),
        fixed(sample.p99_during_ms, 1),
        fixed(sample.p99_after_ms, 1),
        fixed(sample.detect_ms, 0),
        fixed(sample.recover_ms, 0),
      ]),
    ),
    'Detected: from the fault until the gateway no longer sends there. Recovered: from the fault, or from the end of an ' +
      'overload, until the p99 of the last second is within 1.2 times that of before; "-" where that does not apply or ' +
      'was not seen.',
    '![p99 before, during and after each fault](faults-p99.svg)',
    ...overloads(report),
  ].join('\n\n');
  return { title: 'Faults and overload', markdown, pictures };
}

function p99Picture({ faults }: FaultsReport): string {
  const times = [
    ['before', 'p99_before_ms'],
    ['during', 'p99_during_ms'],
    ['after', 'p99_after_ms'],
  ] as const;
  return barChart({
    title: 'Faults: p99 before, during and after',
    yLabel: 'p99, ms',
    yScale: 'log',
    groups: faults.map(({ fault }) => fault.replace('load-x', 'load x')),
    series: times.map(([name, figure]) => ({ name, values: faults.map((sample) => sample[figure]) })),
  });
}

function overloads({ overload, capacity }: FaultsReport): string[] {
  if (overload.length === 0) return [];
  return [
    `More than can be served, with a deadline of ${fixed(overload[0]?.deadline_ms, 0)} ms for each request; the workers carry ` +
      `${fixed(capacity?.per_second, 0)} requests/s:`,
    markdownTable(
      [
        'load',
        'offered/s',
        'served in time/s',
        'of what the workers carry',
        'p99 served, ms',
        'refused/s',
        'p99 of a refusal, ms',
        'failed otherwise',
      ],
      overload.map((sample) => [
        `${sample.times} times`,
        fixed(sample.offered_per_second, 0),
        fixed(sample.goodput_per_second, 0),
        fixed(sample.goodput_of_capacity, 3),
        fixed(sample.p99_served_ms, 0),
        fixed(sample.refused_per_second, 0),
        fixed(sample.p99_refused_ms, 1),
        fixed(sample.failed, 0),
      ]),
    ),
    '![requests served in time and refused under overload](faults-overload.svg)',
  ];
}

function overloadPicture({ overload }: FaultsReport): string {
  return barChart({
    title: 'Overload: what is served in time, and what is refused',
    yLabel: 'requests/s',
    groups: overload.map(({ times }) => `${times} times the load`),
    series: [
      { name: 'what the workers carry', values: overload.map((sample) => sample.capacity_per_second) },
      { name: 'served in time', values: overload.map((sample) => sample.goodput_per_second) },
      { name: 'refused (503)', values: overload.map((sample) => sample.refused_per_second) },
    ],
  });
}
