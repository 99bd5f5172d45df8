/** The result of a run as one object: figures, verdicts, where and how they were measured, and every sample. */

import type { Machine } from '../support/machine.ts';
import { isDisturbed, type LoadSample } from '../support/measure-load.ts';
import { spreadOf } from '../support/statistics.ts';
import type { Verdict } from '../support/target.ts';
import { computeFigures, countFailures, type Figures, type OverheadSamples, ofSystem } from './figures.ts';
import { judge } from './targets.ts';

/** Systems under the same load; a system that was not measured has null. */
type BySystem = Readonly<Record<'turntable' | 'nginx' | 'direct', number | null>>;

export interface OverheadReport extends Readonly<Record<keyof Figures, number | null>> {
  readonly benchmark: 'overhead';
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly requests_per_second: BySystem;
  readonly p50_us: BySystem;
  readonly p99_us: BySystem;
  readonly cpu_us_per_request: BySystem;
  readonly failed_requests: Readonly<Record<string, number>>;
  /** Samples during which other programs were busy: of a run with many of them only the ratios say something. */
  readonly disturbed_samples: { readonly disturbed: number; readonly of: number };
  readonly targets: readonly Verdict<keyof Figures>[];
  /** Median, least and greatest over the rounds. */
  readonly spread: Figures;
  readonly samples: OverheadSamples;
}

export function makeReport(
  samples: OverheadSamples,
  { date, machine, settings }: Pick<OverheadReport, 'date' | 'machine' | 'settings'>,
): OverheadReport {
  const figures = computeFigures(samples);
  const { load, single_connection, neighbour } = samples;
  const all = [...load, ...single_connection, ...(neighbour?.samples ?? []).map(({ small }) => small)];
  const bySystem = (quantity: (sample: LoadSample) => number): BySystem => {
    const median = (system: string) => spreadOf(ofSystem(load, system).map(quantity))?.median ?? null;
    return { turntable: median('turntable'), nginx: median('nginx'), direct: median('direct') };
  };
  const medians = Object.fromEntries(
    Object.entries(figures).map(([name, spread]) => [name, spread?.median ?? null]),
  ) as Record<keyof Figures, number | null>;
  return {
    benchmark: 'overhead',
    date,
    ...medians,
    requests_per_second: bySystem((sample) => sample.requests_per_second),
    p50_us: bySystem((sample) => sample.p50_us),
    p99_us: bySystem((sample) => sample.p99_us),
    cpu_us_per_request: bySystem((sample) => sample.cpu_us_per_request),
    failed_requests: countFailures(samples),
    disturbed_samples: { disturbed: all.filter(isDisturbed).length, of: all.length },
    targets: judge(figures),
    machine,
    settings,
    spread: figures,
    samples,
  };
}
