/** What the control table on Redis sets out to reach. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';

/** Figures by name; null where one was not measured. */
export type Judged = Readonly<Record<string, number | null>>;

const TARGETS: readonly Target[] = [
  { figure: 'table_cpu_us_per_request', comparison: '<', limit: 10 },
  // A gateway states its load at most 100 times a second, and that often from about 100 requests a second on: with
  // fewer there is less to say, so that only from there on can the commands be the same at any load.
  { figure: 'redis_commands_ratio_10000_to_1000', comparison: '<=', limit: 1.2 },
  { figure: 'status_propagation_p99_ms', comparison: '<', limit: 50 },
  { figure: 'throughput_ratio_redis_vs_memory', comparison: '>=', limit: 0.97 },
  { figure: 'distribution_max_over_min', comparison: '<=', limit: 1.02 / 0.98 },
];

export function judge(figures: Judged): Verdict[] {
  return judgeTargets(TARGETS, (figure) => figures[figure] ?? null);
}
