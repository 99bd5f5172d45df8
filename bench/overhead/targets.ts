/** What Turntable sets out to reach against the setup that people use today. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { Figures } from './figures.ts';

const TARGETS: readonly Target<keyof Figures>[] = [
  { figure: 'cpu_ratio_vs_nginx', comparison: '<=', limit: 1 / 3 },
  { figure: 'throughput_ratio_vs_nginx', comparison: '>=', limit: 2.5 },
  { figure: 'p99_ratio_vs_nginx', comparison: '<=', limit: 0.5 },
  { figure: 'added_p50_us', comparison: '<', limit: 80 },
  { figure: 'pick_worker_us', comparison: '<', limit: 10 },
  { figure: 'gateway_idle_memory_mb', comparison: '<', limit: 120 },
  { figure: 'neighbour_p99_ratio', comparison: '<=', limit: 2 },
];

/** The median decides. */
export function judge(figures: Figures): Verdict<keyof Figures>[] {
  return judgeTargets(TARGETS, (figure) => figures[figure]?.median ?? null);
}
