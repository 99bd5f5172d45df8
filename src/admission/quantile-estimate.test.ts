/** The estimate finds a quantile at any scale, follows when the scale changes, and does not stray far. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { QuantileEstimate } from './quantile-estimate.ts';

/** The standard normal quantiles. */
const Z = { 0.5: 0, 0.9: 1.2816, 0.95: 1.6449 } as const;
const SEEDS = Array.from({ length: 20 }, (_, n) => n + 1);

/** Values of median 1, by Box and Muller. */
function lognormal(seed: number, sigma: number): () => number {
  const { next } = seededRandom(seed);
  return () => Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()));
}

function note(estimate: QuantileEstimate, times: number, value: () => number): void {
  for (let n = 0; n < times; n++) estimate.note(value());
}

describe('QuantileEstimate', () => {
  it('is 0 before the first value, and then the first', () => {
    const estimate = new QuantileEstimate(0.95);
    expect([estimate.value, estimate.count]).toEqual([0, 0]);
    estimate.note(12);
    expect([estimate.value, estimate.count]).toEqual([12, 1]);
  });

  it('is the value that is always the same', () => {
    const estimate = new QuantileEstimate(0.95);
    note(estimate, 50, () => 3);
    expect(estimate.value).toBe(3);
    for (let n = 0; n < 300; n++) {
      estimate.note(30);
      expect(estimate.value).toBeLessThanOrEqual(30);
    }
    expect(estimate.value).toBe(30);
    note(estimate, 300, () => 3);
    expect(estimate.value).toBe(3);
  });

  it('is not impressed by one that differs from ever so many', () => {
    const estimate = new QuantileEstimate(0.95);
    note(estimate, 100_000, () => 10);
    estimate.note(1);
    expect(estimate.value).toBeGreaterThan(9.9);
    estimate.note(1_000);
    expect(estimate.value).toBeLessThan(10.5);
  });

  it('recovers from values of 0', () => {
    const estimate = new QuantileEstimate(0.5);
    note(estimate, 5_000, () => 0);
    note(estimate, 200, () => 7);
    expect(estimate.value).toBe(7);
  });

  it('is near after few values, wherever the first was', () => {
    const truth = Math.exp(0.5 * Z[0.95]);
    const errors = SEEDS.map((seed) => {
      const estimate = new QuantileEstimate(0.95);
      note(estimate, 50, lognormal(seed, 0.5));
      return Math.abs(Math.log(estimate.value / truth));
    }).sort((a, b) => a - b);
    expect(errors[errors.length / 2]).toBeLessThan(0.18);
  });

  // The noise of 0.12 (root mean square, in the logarithm) leaves 8 % of the time beyond a fifth; 15 % fail a fault.
  it.each([
    [0.5, 0.3],
    [0.5, 1],
    [0.9, 1],
    [0.95, 0.3],
    [0.95, 1],
  ] as const)(
    'stays within a fifth of the %s quantile of lognormal values with σ = %s',
    (quantile, sigma) => {
      const truth = Math.exp(sigma * Z[quantile]);
      let outside = 0;
      let drift = 0;
      for (const seed of SEEDS) {
        const value = lognormal(seed, sigma);
        const estimate = new QuantileEstimate(quantile);
        note(estimate, 500, value);
        for (let n = 0; n < 2_000; n++) {
          estimate.note(value());
          const off = Math.log(estimate.value / truth);
          drift += off;
          if (Math.abs(off) > Math.log(1.2)) outside++;
        }
      }
      expect(outside / (SEEDS.length * 2_000)).toBeLessThan(0.15);
      expect(Math.abs(drift / (SEEDS.length * 2_000))).toBeLessThan(0.05);
    },
  );

  it.each([0.5, 0.9, 0.95] as const)(
    'follows values to a tenfold scale within hundreds, and back, at %s',
    (quantile) => {
      const values: Record<'up' | 'down', number[]> = { up: [], down: [] };
      const truth = Math.exp(Z[quantile]);
      for (const seed of SEEDS) {
        const value = lognormal(seed, 1);
        const estimate = new QuantileEstimate(quantile);
        const notedUntil = (scale: number, isThere: () => boolean): number => {
          let noted = 0;
          while (!isThere() && noted < 10_000) {
            estimate.note(scale * value());
            noted++;
          }
          return noted;
        };
        note(estimate, 1_000, value);
        values.up.push(notedUntil(10, () => estimate.value > (10 * truth) / 1.2));
        note(estimate, 500, () => 10 * value());
        values.down.push(notedUntil(1, () => estimate.value < 1.2 * truth));
      }
      for (const noted of Object.values(values)) {
        noted.sort((a, b) => a - b);
        expect(noted[Math.floor(noted.length / 2)]).toBeLessThan(400);
        expect(noted.at(-1)).toBeLessThan(1_200);
      }
    },
  );
});
