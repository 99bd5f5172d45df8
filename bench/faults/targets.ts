/** What is to be reached while things break. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { WorkerFaultSample } from './measure-fault.ts';
import type { OverloadSample } from './overload.ts';

const FIGURES = [
  'failed_of_single_worker_faults',
  'detect_dead_ms',
  'detect_silent_ms',
  'black_hole_share',
  'goodput_at_twice_the_load',
  'p99_served_at_twice_the_load_ms',
] as const;
type Figure = (typeof FIGURES)[number];

const TARGETS: readonly Target<Figure>[] = [
  { figure: 'failed_of_single_worker_faults', comparison: '<=', limit: 0 },
  { figure: 'detect_dead_ms', comparison: '<', limit: 50 },
  { figure: 'detect_silent_ms', comparison: '<', limit: 1_000 },
  { figure: 'black_hole_share', comparison: '<=', limit: 0.01 },
  { figure: 'goodput_at_twice_the_load', comparison: '>=', limit: 0.95 },
  { figure: 'p99_served_at_twice_the_load_ms', comparison: '<=', limit: 1_000 },
];

export function judge(
  faults: readonly WorkerFaultSample[],
  overload: readonly OverloadSample[],
): Verdict<Figure>[] {
  const single = faults.filter((sample) => sample.single);
  const twice = overload.find(({ times }) => times === 2);
  const detectMs = (of: WorkerFaultSample['detect_of']) =>
    worst(faults.filter((sample) => sample.detect_of === of).map(({ detect_ms }) => detect_ms));
  const figures: Record<Figure, number | null> = {
    failed_of_single_worker_faults:
      single.length === 0 ? null : single.reduce((sum, { failed }) => sum + failed, 0),
    detect_dead_ms: detectMs('dead'),
    detect_silent_ms: detectMs('silent'),
    black_hole_share: faults.find(({ fault }) => fault === 'errors')?.drawn_share_after_second ?? null,
    goodput_at_twice_the_load: twice?.goodput_of_capacity ?? null,
    p99_served_at_twice_the_load_ms: twice?.p99_served_ms ?? null,
  };
  return judgeTargets(TARGETS, (figure) => figures[figure]);
}

/** What was never detected took longer than any limit. */
function worst(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  return Math.max(...values.map((value) => value ?? Number.POSITIVE_INFINITY));
}
