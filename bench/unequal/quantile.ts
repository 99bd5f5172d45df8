/** Quantiles of latencies, those that never ended among them. */

/** Of ascending values: the least that is not below that part of them. Null where that is infinite, or without values. */
export function quantile(ascending: Float64Array, part: number): number | null {
  const value = ascending[Math.max(0, Math.ceil(ascending.length * part) - 1)];
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Several ascending lists as one. */
export function pooled(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  for (const list of lists) {
    all.set(list, from);
    from += list.length;
  }
  return all.sort();
}
