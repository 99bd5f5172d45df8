/** The result of a run as one object: rows, comparisons, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { isDisturbed } from '../support/measure-load.ts';
import { compare, makeFigures, makeRows } from './figures.ts';
import type { UsersSample } from './measure.ts';
import { SYSTEMS, type SystemName, TITLES } from './systems.ts';
import { judge } from './targets.ts';

interface Settings {
  readonly workers: number;
  readonly rows_per_request: number;
  readonly mean_rows_mixed: number;
  readonly bodies_from: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly compared_users: number;
  readonly run_seconds: number;
  readonly [further: string]: unknown;
}

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Settings;
}

export type UsersReport = ReturnType<typeof makeReport>;

export function makeReport(samples: readonly UsersSample[], { date, machine, settings }: Circumstances) {
  const comparisons = compare(samples);
  const figures = makeFigures(samples, comparisons);
  const measured = new Set(samples.map(({ system }) => system));
  return {
    benchmark: 'users' as const,
    date,
    machine,
    settings,
    /** As people call them; null for those that were left out. */
    systems: Object.fromEntries(
      SYSTEMS.map((name) => [name, measured.has(name) ? TITLES[name] : null]),
    ) as Record<SystemName, string | null>,
    rows: makeRows(samples),
    comparisons,
    figures,
    targets: judge(figures),
    disturbed_samples: { disturbed: samples.filter(isDisturbed).length, of: samples.length },
    samples,
  };
}
