/** Figures as they stand in the tables of the report: the median, and how far the rounds spread. */
import type { Spread } from '../support/statistics.ts';

/** `1,234 (1,200–1,301)`; the median alone where nothing spreads. */
export function spreadText(spread: Spread | null | undefined, digits: number): string {
  if (spread === null || spread === undefined) return '-';
  const { median, min, max } = spread;
  const [low, high] = [fixed(min, digits), fixed(max, digits)];
  return low === high ? fixed(median, digits) : `${fixed(median, digits)} (${low}–${high})`;
}

/** With thousands set apart. */
export function fixed(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined) return '-';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
