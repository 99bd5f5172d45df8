/** What is said of several samples of one quantity: the median and how far they spread. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Null without samples, so that a system that was left out shows as absent and not as zero. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** The list turned by `steps`, so that over the rounds every system is measured in every place. */
export function rotated<T>(list: readonly T[], steps: number): T[] {
  const cut = list.length === 0 ? 0 : steps % list.length;
  return [...list.slice(cut), ...list.slice(0, cut)];
}
