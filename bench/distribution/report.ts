/** The result of a run as one object: rows, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { makeFigures, makeRows } from './figures.ts';
import type { DistributionSample } from './measure.ts';
import { SYSTEMS, type SystemName, TITLES } from './systems.ts';
import { judge } from './targets.ts';

interface Settings {
  readonly workers: number;
  readonly requests: number;
  readonly mean_ms: number;
  readonly rounds: number;
  readonly closed_connections: number;
  readonly largest_burst: number;
  readonly load: number;
  readonly run_seconds: number;
  readonly [further: string]: unknown;
}

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Settings;
}

/** A load generator later than this, or fewer cores to spare, and latencies are partly the machine's; counts are not. */
const LATE_MS = 5;
const SPARE_CORES = 0.3;

export type DistributionReport = ReturnType<typeof makeReport>;

export function makeReport(
  samples: readonly DistributionSample[],
  { date, machine, settings }: Circumstances,
) {
  const rows = makeRows(samples);
  const figures = makeFigures(samples, rows);
  const measured = new Set(samples.map(({ system }) => system));
  const timed = samples.filter(({ p99_ms }) => p99_ms !== null);
  const isDisturbed = ({ lag_ms, cores_busy, cores_stolen }: DistributionSample) =>
    (lag_ms ?? 0) > LATE_MS || machine.cores - cores_busy - cores_stolen < SPARE_CORES;
  return {
    benchmark: 'distribution' as const,
    date,
    machine,
    settings,
    /** As people call them; null for those that were left out. */
    systems: Object.fromEntries(
      SYSTEMS.map((name) => [name, measured.has(name) ? TITLES[name] : null]),
    ) as Record<SystemName, string | null>,
    rows,
    figures,
    targets: judge(figures),
    /** Of the samples that have latencies. */
    disturbed_samples: { disturbed: timed.filter(isDisturbed).length, of: timed.length },
    samples,
  };
}
