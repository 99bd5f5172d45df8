/** The result of a run as one object: figures, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import type { LongRunSamples } from './measure.ts';
import { figuresOf, judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, unknown>>;
}

export type LongRunReport = ReturnType<typeof makeReport>;

export function makeReport(samples: LongRunSamples, { date, machine, settings }: Circumstances) {
  const figures = figuresOf(samples);
  return {
    benchmark: 'long-run' as const,
    ...{ date, machine, settings, figures, targets: judge(figures), samples },
  };
}
