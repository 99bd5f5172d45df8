/** The distance itself has no limit that it must keep to; what is measured must be whole. */
import { judgeTargets, type Verdict } from '../support/target.ts';
import type { Figures } from './figures.ts';

export function judge({ cells }: Figures): Verdict[] {
  const failed = cells.length === 0 ? null : cells.reduce((sum, cell) => sum + cell.failed, 0);
  return judgeTargets([{ figure: 'failed_requests', comparison: '<=', limit: 0 }], () => failed);
}
