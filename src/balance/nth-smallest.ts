/** The nth smallest of some numbers, in linear time on average and without garbage. */

/**
 * Hoare's selection ("Algorithm 65: Find", CACM 1961); the middle one divides, so that sorted numbers are no bad case.
 * @param values of which the first `count` are looked at, and put into another order
 * @param nth counted from 0, below `count`
 */
export function nthSmallest(values: Float64Array, count: number, nth: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] as number;
    let left = low;
    let right = high;
    while (left <= right) {
      while ((values[left] as number) < pivot) left++;
      while ((values[right] as number) > pivot) right--;
      if (left > right) break;
      const swapped = values[left] as number;
      values[left++] = values[right] as number;
      values[right--] = swapped;
    }
    if (nth <= right) high = right;
    else if (nth >= left) low = left;
    else break;
  }
  return values[nth] as number;
}
