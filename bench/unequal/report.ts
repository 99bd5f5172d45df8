/** The result of a run as one object: rows, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { makeRows, rankPolicies } from './figures.ts';
import type { Measured, Sample } from './measure.ts';
import { DEFAULT_POLICY } from './options.ts';
import { judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A load generator later than this, or fewer cores to spare, and what is measured is partly the machine. */
const LATE_MS = 5;
const SPARE_CORES = 0.3;

export type UnequalReport = ReturnType<typeof makeReport>;

export function makeReport(measured: readonly Measured[], { date, machine, settings }: Circumstances) {
  const samples = measured.map(({ sample }) => sample);
  const rows = makeRows(measured, DEFAULT_POLICY);
  const targets = judge(rows);
  const isDisturbed = ({ lag_ms, cores_busy, cores_stolen }: Sample) =>
    lag_ms > LATE_MS || machine.cores - cores_busy - cores_stolen < SPARE_CORES;
  return {
    benchmark: 'unequal' as const,
    date,
    default_policy: DEFAULT_POLICY,
    rows,
    /** Cells in which some peer's p99 was lower than that of the default policy. */
    lost: rows.filter(
      ({ is_default, p99_ratio_vs_best_peer }) => is_default && !(p99_ratio_vs_best_peer! <= 1),
    ),
    policies: rankPolicies(rows),
    reached: Object.fromEntries(
      targets.map(({ figure, verdict }) => [
        figure,
        verdict === 'not measured' ? null : verdict === 'reached',
      ]),
    ),
    targets,
    disturbed_samples: { disturbed: samples.filter(isDisturbed).length, of: samples.length },
    machine,
    settings,
    samples,
  };
}
