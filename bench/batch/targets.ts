/** What is to be reached with a batch. */
import { judgeTargets, type Target, type Verdict } from '../support/target.ts';
import type { BatchRow } from './figures.ts';
import { TITLES } from './timed-systems.ts';

const LEAST_EFFICIENCY = 0.95;

interface Claim extends Target {
  readonly system: string;
  readonly workers: number;
}

const OURS = [TITLES.turntable, TITLES['turntable-http']];

const CLAIMS = OURS.flatMap((system) =>
  [4, 6].map((workers): Claim => {
    const kind = system === TITLES.turntable ? 'workers' : 'http_workers';
    const figure = `timed_efficiency_${workers}_${kind}`;
    return { figure, comparison: '>=', limit: LEAST_EFFICIENCY, system, workers };
  }),
);
const FAILED = { figure: 'failed_requests', comparison: '<=', limit: 0 } as const;

/** The median decides. */
export function judge(rows: readonly BatchRow[]): Verdict[] {
  const ours = rows.filter(({ system }) => OURS.includes(system));
  const targets = CLAIMS.map(({ figure, comparison, limit }): Target => ({ figure, comparison, limit }));
  return judgeTargets([...targets, FAILED], (figure) => {
    if (figure === FAILED.figure)
      return ours.length === 0 ? null : ours.reduce((sum, { errors }) => sum + errors, 0);
    const claim = CLAIMS.find((one) => one.figure === figure)!;
    const row = ours.find(
      ({ part, system, workers }) => part === 'timed' && system === claim.system && workers === claim.workers,
    );
    return row?.efficiency?.median ?? null;
  });
}
