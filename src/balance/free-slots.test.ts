/** Free slots: the nth free one is what a list of the free ones would have there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCandidates } from '../../test/support/candidates.ts';
import { countFree, hasFreeSlot, nthFree } from './free-slots.ts';

describe('free slots', () => {
  it('are counted and found as in a list of the candidates that have one', () => {
    fc.assert(
      fc.property(anyCandidates, fc.nat(30), (candidates, nth) => {
        const free = candidates.filter(hasFreeSlot);
        expect(countFree(candidates)).toBe(free.length);
        expect(candidates[nthFree(candidates, nth)]).toBe(free[nth]);
      }),
    );
  });
});
