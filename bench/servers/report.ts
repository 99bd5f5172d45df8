/** The result of a run as one object: rows, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { isDisturbed } from '../support/measure-load.ts';
import { makeLoadRows, makeRows } from './figures.ts';
import type { ServersSamples } from './measure.ts';
import { PEERS, type PeerName } from './peers.ts';
import { judge, makeFigures } from './targets.ts';

interface Settings {
  readonly workers: number;
  readonly connections: number;
  readonly rows_per_request: number;
  readonly bodies_from: string;
  readonly body_bytes_mean: number;
  readonly rounds: number;
  readonly run_seconds: number;
  readonly [further: string]: unknown;
}

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Settings;
}

export type ServersReport = ReturnType<typeof makeReport>;

export function makeReport(samples: ServersSamples, { date, machine, settings }: Circumstances) {
  const rows = makeRows(samples);
  const figures = makeFigures(rows);
  return {
    benchmark: 'servers' as const,
    date,
    machine,
    settings,
    /** Versions; null for those that were left out or not to be had. */
    peers: Object.fromEntries(PEERS.map((name) => [name, samples.versions[name] ?? null])) as Record<
      PeerName,
      string | null
    >,
    rows,
    /** At parts of Turntable's own capacity. */
    own: makeLoadRows(samples.latency, 'turntable'),
    figures,
    targets: judge(figures),
    disturbed_samples: {
      disturbed: samples.capacity.filter(isDisturbed).length,
      of: samples.capacity.length,
    },
    samples,
  };
}
