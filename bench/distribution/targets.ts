/** What Turntable sets out to reach: counts within 2 % of even, whichever gateways requests come by. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { Figures } from './figures.ts';

/** 2 % above even over 2 % below it. */
const EVEN = 1.02 / 0.98;

const TARGETS: readonly Target[] = [
  { figure: 'turntable_least_connections_max_over_min_1_gateway', comparison: '<=', limit: EVEN },
  { figure: 'turntable_least_connections_max_over_min_3_gateways', comparison: '<=', limit: EVEN },
  // Where requests are not alike equal counts are worth nothing; how long they take is.
  { figure: 'lognormal_p99_ratio_vs_best_peer_1_gateway', comparison: '<=', limit: 1 },
  { figure: 'lognormal_p99_ratio_vs_best_peer_3_gateways', comparison: '<=', limit: 1 },
  { figure: 'failed_requests', comparison: '<=', limit: 0 },
];

export function judge(figures: Figures): Verdict[] {
  return judgeTargets(TARGETS, (figure) => figures[figure] ?? null);
}
