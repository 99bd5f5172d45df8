/** What Turntable sets out to reach with 64 users, and with any number of them. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { Figures } from './figures.ts';

const TARGETS: readonly Target[] = [
  { figure: 'alike_throughput_ratio_vs_nginx', comparison: '>=', limit: 2.5 },
  { figure: 'alike_cpu_ratio_vs_nginx', comparison: '<=', limit: 1 / 3 },
  { figure: 'alike_throughput_ratio_vs_best_peer', comparison: '>=', limit: 1 },
  { figure: 'alike_p99_ratio_vs_best_peer', comparison: '<', limit: 1 },
  { figure: 'mixed_throughput_ratio_vs_best_peer', comparison: '>=', limit: 1 },
  { figure: 'mixed_p99_ratio_vs_best_peer', comparison: '<', limit: 1 },
  // What the paper shows: the table against a static rotation, all else being the same.
  { figure: 'mixed_p99_ratio_vs_turntable_round_robin', comparison: '<', limit: 1 },
  { figure: 'failed_requests', comparison: '<=', limit: 0 },
];

export function judge(figures: Figures): Verdict[] {
  return judgeTargets(TARGETS, (figure) => figures[figure] ?? null);
}
