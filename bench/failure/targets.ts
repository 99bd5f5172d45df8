/** What Turntable sets out to reach while one worker of four fails, with either kind of workers. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { FaultName } from './faults.ts';
import type { Row } from './figures.ts';
import { isPeer } from './system-names.ts';

const FIGURES = ['failed_requests', 'detect_dead_ms', 'detect_silent_ms', 'slowest_recovery_ms'] as const;
type Figure = (typeof FIGURES)[number];

/** Times are medians of the rounds; that recovery is at least ten times as fast as what was published, 40 to 60 s. */
const TARGETS: readonly Target<Figure>[] = [
  { figure: 'failed_requests', comparison: '<=', limit: 0 },
  { figure: 'detect_dead_ms', comparison: '<', limit: 50 },
  { figure: 'detect_silent_ms', comparison: '<', limit: 1_000 },
  { figure: 'slowest_recovery_ms', comparison: '<=', limit: 4_000 },
];

export function judge(rows: readonly Row[]): Verdict<Figure>[] {
  const ours = rows.filter(({ system }) => !isPeer(system));
  const detect = (...faults: readonly FaultName[]) =>
    worst(ours.filter(({ fault }) => faults.includes(fault)).map(({ detect_ms }) => detect_ms.median));
  const figures: Record<Figure, number | null> = {
    failed_requests: ours.length === 0 ? null : ours.reduce((sum, { failed }) => sum + failed, 0),
    detect_dead_ms: detect('kill', 'errors'),
    detect_silent_ms: detect('stop', 'mute'),
    slowest_recovery_ms: worst(ours.map(({ recover_ms }) => recover_ms.median)),
  };
  return judgeTargets(TARGETS, (figure) => figures[figure]);
}

/** What never came took longer than any limit. */
function worst(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  return Math.max(...values.map((value) => value ?? Number.POSITIVE_INFINITY));
}
