/** The result of a run as one object: rows, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { makeRows } from './figures.ts';
import { type BatchSample, isDisturbed } from './measure-batch.ts';
import { judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: {
    readonly service_ms: number;
    readonly image_size: number;
    readonly concurrent: number;
    readonly workers: readonly number[];
  } & Readonly<Record<string, unknown>>;
}

export type BatchReport = ReturnType<typeof makeReport>;

export function makeReport(samples: readonly BatchSample[], { date, machine, settings }: Circumstances) {
  const rows = makeRows(samples, settings.service_ms, machine.cores);
  return {
    benchmark: 'batch' as const,
    date,
    figures: { rows },
    targets: judge(rows),
    disturbed_samples: { disturbed: samples.filter(isDisturbed).length, of: samples.length },
    machine,
    settings,
    samples,
  };
}
