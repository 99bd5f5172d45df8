/** What the users send: requests that are all alike, or of very different sizes. */
import { fraudRows } from '../support/fraud-rows.ts';
import { seededRandom } from '../support/random.ts';

/** alike: the same number of rows in each request. mixed: 1 to 64 rows, mostly few. */
export const SERIES = ['alike', 'mixed'] as const;
export type Series = (typeof SERIES)[number];

/** So many that no cache, branch predictor or proxy gets used to them, and few enough for some MB. */
const BODIES = 512;
const MOST_ROWS = 64;
const FEATURES = 30;

export interface Bodies {
  /** Where their rows are from. */
  readonly source: string;
  readonly bodies: readonly string[];
  readonly meanRows: number;
}

export function makeBodies(series: Series, rowsWhereAlike: number, seed: number): Bodies {
  const random = seededRandom(seed);
  const sizes = Array.from({ length: BODIES }, () =>
    series === 'alike' ? rowsWhereAlike : mixedSize(random),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const { source, rows } = fraudRows(total);
  let next = 0;
  const bodies = sizes.map((size) => {
    const data = rows.slice(next, next + size).flat();
    next += size;
    return JSON.stringify({ inputs: [{ name: 'input', shape: [size, FEATURES], datatype: 'FP32', data }] });
  });
  return { source, bodies, meanRows: total / BODIES };
}

/** Half of them have at most 3 rows, one in eleven more than 32; the mean is about 9. */
function mixedSize(random: () => number): number {
  return Math.round(MOST_ROWS ** (random() ** 2));
}
