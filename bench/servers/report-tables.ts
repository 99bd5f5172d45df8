/** The tables of the report, for the terminal and for the page alike: header and rows of text. */
import { fixed, spreadText } from '../report/spread-text.ts';
import { type Capacity, LATE_MS, type LoadRow, type PeerRow } from './figures.ts';
import { PEER, PEERS } from './peers.ts';
import type { ServersReport } from './report.ts';

const MOST_SHOWN = 6;

type Table = [header: string[], rows: string[][]];

export function capacityTable(rows: readonly PeerRow[]): Table {
  const cells = (name: string, capacity: Capacity, ratio: PeerRow['throughput_ratio']) => [
    name,
    spreadText(capacity.requests_per_second, 0),
    spreadText(capacity.cpu_us_per_request, 0),
    fixed(capacity.gateway_cpu_us_per_request?.median, 0),
    fixed(capacity.workers_cpu_us_per_request?.median, 0),
    spreadText(capacity.p99_ms, 1),
    String(capacity.failed),
    spreadText(ratio, 1),
  ];
  return [
    [
      ...['capacity', 'requests/s', 'CPU µs/request', 'gateway', 'workers', 'p99 ms', 'failed'],
      'Turntable over it',
    ],
    rows.flatMap((row) => [
      cells(`${row.title} ${row.version}`, row.capacity, row.throughput_ratio),
      cells('– Turntable beside it', row.turntable_capacity, null),
    ]),
  ];
}

export function loadTable(rows: readonly PeerRow[]): Table {
  return [
    [
      'peer',
      'load',
      'requests/s',
      'its p50 ms',
      'its p99 ms',
      "Turntable's p50",
      "Turntable's p99",
      'p99 ratio',
    ],
    rows.flatMap(({ title, loads }) =>
      loads.map(({ load, rate_per_second, peer, turntable, p99_ratio }) => [
        ...[title, percent(load), fixed(rate_per_second, 0)],
        ...[spreadText(peer?.p50_ms, 2), spreadText(peer?.p99_ms, 2)],
        ...[spreadText(turntable.p50_ms, 2), spreadText(turntable.p99_ms, 2), spreadText(p99_ratio, 2)],
      ]),
    ),
  ];
}

export function ownTable(own: readonly LoadRow[]): Table {
  return [
    ["of Turntable's capacity", 'requests/s', 'p50 ms', 'p99 ms', 'failed', 'generator late by, ms'],
    own.map(({ load, rate_per_second, turntable }) => [
      ...[percent(load), fixed(rate_per_second, 0), spreadText(turntable.p50_ms, 2)],
      ...[spreadText(turntable.p99_ms, 2), String(turntable.failed), spreadText(turntable.lag_ms, 2)],
    ]),
  ];
}

/** In words, straight from the rows: who is ahead of whom, what failed, and what of it is not to be trusted. */
export function findings({ rows, own, disturbed_samples }: ServersReport): string[] {
  const behind = rows.flatMap(({ title, loads }) =>
    loads
      .filter(({ p99_ratio }) => p99_ratio !== null && p99_ratio.median >= 1)
      .map(({ load, p99_ratio }) => `${title} at ${percent(load)} (×${p99_ratio!.median.toFixed(2)})`),
  );
  const slower = rows.filter(
    ({ throughput_ratio }) => throughput_ratio !== null && throughput_ratio.median < 1,
  );
  const points = [
    ...rows.flatMap(({ title, loads }) =>
      loads.flatMap(({ load, peer, turntable }) => [
        { what: `${title} at ${percent(load)}`, latency: peer! },
        { what: `Turntable beside ${title} at ${percent(load)}`, latency: turntable },
      ]),
    ),
    ...own.map(({ load, turntable }) => ({
      what: `Turntable at ${percent(load)} of its own`,
      latency: turntable,
    })),
  ];
  const failed = [
    ...rows.flatMap(({ title, capacity, turntable_capacity }) => [
      { what: `${title} at capacity`, failed: capacity.failed },
      { what: `Turntable at capacity beside ${title}`, failed: turntable_capacity.failed },
    ]),
    ...points.map(({ what, latency }) => ({ what, failed: latency.failed })),
  ].filter((one) => one.failed > 0);
  const late = points.filter(({ latency }) => latency.late > 0);
  const shownLate = late.slice(0, MOST_SHOWN).map(({ what, latency }) => `${what} (${latency.late})`);
  const moreLate = late.length > MOST_SHOWN ? ` and ${late.length - MOST_SHOWN} more` : '';
  const absent = PEERS.filter((name) => !rows.some(({ peer }) => peer === name));
  const { disturbed, of } = disturbed_samples;
  return [
    ...(rows.length === 0
      ? []
      : [
          behind.length === 0
            ? 'Turntable has the lower p99 beside every peer, at each part of its capacity.'
            : `A peer has the lower p99: ${behind.join(', ')}.`,
          ...slower.map(({ title }) => `${title} has more throughput than Turntable.`),
        ]),
    failed.length === 0
      ? 'No request failed.'
      : `Failed: ${failed.map((one) => `${one.what}: ${one.failed}`).join('; ')}.`,
    ...(late.length === 0
      ? []
      : [
          `The load generator, which shares the cores, was itself more than ${LATE_MS} ms late (p99) in some rounds, and ` +
            `the latency there is in part its own: ${shownLate.join(', ')}${moreLate}.`,
        ]),
    ...(absent.length === 0
      ? []
      : [`Not measured in this run: ${absent.map((name) => PEER[name].title).join(', ')}.`]),
    ...(disturbed === 0 ? [] : [`Disturbed by other programs: ${disturbed} of ${of} samples of capacity.`]),
  ];
}

function percent(load: number): string {
  return `${Math.round(load * 100)} %`;
}
