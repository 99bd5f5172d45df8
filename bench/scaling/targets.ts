/** What threads of a gateway are to cost at most where there are no cores for them, which is what two cores can show. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { Figures } from './figures.ts';

const TARGETS: readonly Target<keyof Figures>[] = [
  { figure: 'throughput_ratio_2_threads', comparison: '>=', limit: 1 },
  { figure: 'gateway_cpu_ratio_2_threads', comparison: '<=', limit: 1.15 },
  { figure: 'failed_requests', comparison: '<=', limit: 0 },
];

export function judge(figures: Figures): Verdict<keyof Figures>[] {
  return judgeTargets(TARGETS, (figure) => figures[figure]);
}
