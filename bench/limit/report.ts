/** The result of a run as one object: figures, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { isDisturbed } from '../support/measure-load.ts';
import { makeFigures } from './figures.ts';
import type { LimitSample, LoopSample } from './measure-limit.ts';
import { judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: {
    readonly workers: number;
    readonly connections: number;
    readonly image_connections: number;
    readonly image_size: number;
  } & Readonly<Record<string, unknown>>;
}

interface Samples {
  readonly load: readonly LimitSample[];
  readonly onnx: readonly LoopSample[];
}

export type LimitReport = ReturnType<typeof makeReport>;

export function makeReport(samples: Samples, { date, machine, settings }: Circumstances) {
  const figures = makeFigures(samples.load, samples.onnx, machine.cores);
  return {
    benchmark: 'limit' as const,
    date,
    figures,
    targets: judge(figures),
    disturbed_samples: { disturbed: samples.load.filter(isDisturbed).length, of: samples.load.length },
    machine,
    settings,
    samples,
  };
}
