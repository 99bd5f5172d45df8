/** Targets and whether they were reached, over any scenario. */
import type { Verdict } from '../support/target.ts';

export function countVerdicts(targets: readonly Verdict[]) {
  const count = (verdict: Verdict['verdict']) =>
    targets.filter((target) => target.verdict === verdict).length;
  return { reached: count('reached'), missed: count('missed'), open: count('not measured') };
}

export function comparisonText({ comparison, limit }: Verdict): string {
  const sign = { '<=': '≤', '>=': '≥', '<': '<' }[comparison];
  return `${sign} ${figureText(limit)}`;
}

/** JSON has no infinity: what never came about, and so was missed, is written as null. */
export function valueText({ value, verdict }: Verdict): string {
  if (verdict === 'not measured') return '-';
  return value === null || !Number.isFinite(value) ? 'never' : figureText(value);
}

/** Three digits that count, and no thousands cut off. */
function figureText(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
