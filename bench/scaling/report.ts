/** The result of a run as one object: figures, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { isDisturbed } from '../support/measure-load.ts';
import { makeFigures, makeRows } from './figures.ts';
import type { ScalingSample } from './scaling-run.ts';
import { judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: {
    readonly rounds: number;
    readonly connections: number;
    readonly rows_per_request: number;
    readonly [further: string]: unknown;
  };
}

export type ScalingReport = ReturnType<typeof makeReport>;

export function makeReport(samples: readonly ScalingSample[], { date, machine, settings }: Circumstances) {
  const rows = makeRows(samples);
  const figures = makeFigures(rows);
  return {
    benchmark: 'scaling' as const,
    date,
    machine,
    settings,
    rows,
    figures,
    targets: judge(figures),
    disturbed_samples: { disturbed: samples.filter(isDisturbed).length, of: samples.length },
    samples,
  };
}
