/** What is to hold over a long run. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { LongRunSamples } from './measure.ts';
import { endOverStart } from './slices.ts';

const FIGURES = [
  'failed_requests',
  'gateway_memory_end_over_start',
  'all_memory_end_over_start',
  'p50_end_over_start',
  'p99_end_over_start',
  'current_requests_left',
  'requests_waiting_left',
  'buffered_bytes_left',
  'workers_not_replaced',
] as const;
export type Figure = (typeof FIGURES)[number];

const WITHIN = 1.05;
const TARGETS: readonly Target<Figure>[] = [
  { figure: 'failed_requests', comparison: '<=', limit: 0 },
  { figure: 'gateway_memory_end_over_start', comparison: '<=', limit: WITHIN },
  { figure: 'all_memory_end_over_start', comparison: '<=', limit: WITHIN },
  { figure: 'p50_end_over_start', comparison: '<=', limit: WITHIN },
  { figure: 'p99_end_over_start', comparison: '<=', limit: WITHIN },
  { figure: 'current_requests_left', comparison: '<=', limit: 0 },
  { figure: 'requests_waiting_left', comparison: '<=', limit: 0 },
  { figure: 'buffered_bytes_left', comparison: '<=', limit: 0 },
  { figure: 'workers_not_replaced', comparison: '<=', limit: 0 },
];

/** Latencies are those of the undisturbed seconds: what a kill costs is told beside them. */
export function figuresOf({
  slices,
  leftovers,
  kills,
}: Pick<LongRunSamples, 'slices' | 'leftovers' | 'kills'>): Record<Figure, number | null> {
  return {
    failed_requests: slices.reduce((sum, { failed }) => sum + failed, 0),
    gateway_memory_end_over_start: endOverStart(slices, (slice) => slice.gateway_rss_mb),
    all_memory_end_over_start: endOverStart(slices, (slice) => slice.all_rss_mb),
    p50_end_over_start: endOverStart(slices, ({ calm }) => calm.p50_ms),
    p99_end_over_start: endOverStart(slices, ({ calm }) => calm.p99_ms),
    // The greater of what the table and the gateway itself say.
    current_requests_left: Math.max(leftovers.current_requests, leftovers.in_flight),
    requests_waiting_left: leftovers.waiting,
    buffered_bytes_left: leftovers.buffered_bytes,
    workers_not_replaced: kills.filter(({ replaced_after_ms }) => replaced_after_ms === null).length,
  };
}

export function judge(figures: Readonly<Record<Figure, number | null>>): Verdict<Figure>[] {
  return judgeTargets(TARGETS, (figure) => figures[figure]);
}
