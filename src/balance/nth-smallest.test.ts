/** The nth smallest is what sorting would put there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nthSmallest } from './nth-smallest.ts';

describe('nthSmallest', () => {
  it('is what sorting puts in the nth place, and looks at no more than it is told to', () => {
    const numbers = fc.array(fc.oneof(fc.nat(5), fc.double({ noNaN: true })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(numbers, fc.nat(), (values, seed) => {
        const nth = seed % values.length;
        const padded = Float64Array.from([...values, Number.NEGATIVE_INFINITY]);
        const sorted = Float64Array.from(values).sort();
        // Zeros of either sign are equal here.
        expect(nthSmallest(padded, values.length, nth) === sorted[nth]).toBe(true);
      }),
    );
  });
});
