/** What control may cost at most. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';

const FIGURES = [
  'gateway_mb_with_idle_connections',
  'idle_connections_closed',
  'idle_connections_not_answered',
  'requests_miscounted',
] as const;
export type Figure = (typeof FIGURES)[number];

const TARGETS: readonly Target<Figure>[] = [
  { figure: 'gateway_mb_with_idle_connections', comparison: '<', limit: 300 },
  { figure: 'idle_connections_closed', comparison: '<=', limit: 0 },
  { figure: 'idle_connections_not_answered', comparison: '<=', limit: 0 },
  { figure: 'requests_miscounted', comparison: '<=', limit: 0 },
];

export function judge(read: (figure: Figure) => number | null): Verdict<Figure>[] {
  return judgeTargets(TARGETS, read);
}
