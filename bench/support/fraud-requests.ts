/** Synthetic requests to the fraud model, with number texts as long as those of the real data set. */
import { gaussian, seededRandom } from './random.ts';

const FEATURES = 30;
const SEED = 20_130_901;

/** Rows in the model's precision, and the request bodies that carry them; four rows make about 2 KB. */
export interface FraudRequests {
  readonly bodies: readonly string[];
  /** Float32 [bodies * rows of each, 30], row-major. */
  readonly rows: Float32Array<ArrayBuffer>;
}

export function makeFraudRequests(count: number, rowsPerRequest: number): FraudRequests {
  const random = seededRandom(SEED);
  const values = Array.from({ length: count * rowsPerRequest }, () => makeFraudRow(random)).flat();
  const perRequest = rowsPerRequest * FEATURES;
  const bodies = Array.from({ length: count }, (_, index) => {
    const data = values.slice(index * perRequest, (index + 1) * perRequest);
    return JSON.stringify({
      inputs: [{ name: 'input', shape: [rowsPerRequest, FEATURES], datatype: 'FP32', data }],
    });
  });
  return { bodies, rows: Float32Array.from(values) };
}

/** Time in whole seconds, V1..V28 as principal components of falling scale, Amount in cents. */
export function makeFraudRow(random: () => number): number[] {
  const time = Math.floor(random() * 172_800);
  const components = Array.from({ length: 28 }, (_, index) =>
    // 15 significant digits, as the data set has; trailing zeros fall away as they do there.
    Number((gaussian(random) * (1.9 - 0.057 * index)).toPrecision(15)),
  );
  // Long-tailed, median 22.
  const amount = Math.round(2200 * Math.exp(1.6 * gaussian(random))) / 100;
  return [time, ...components, amount];
}
