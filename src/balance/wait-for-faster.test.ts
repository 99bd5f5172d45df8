/** Waiting for a faster worker: only while one is at work, and only as long as all the faster ones take. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCandidates, candidateOf } from '../../test/support/candidates.ts';
import { shouldWaitForFaster } from './wait-for-faster.ts';

const busy = (load: number, serviceMs: number) => candidateOf({ load, occupied: load, serviceMs });

describe('shouldWaitForFaster', () => {
  it('is so when the faster ones are done with all in less than half the time', () => {
    // Two in flight and one that waits, by two workers of 1 ms: 1.5 ms.
    expect(shouldWaitForFaster([busy(1, 1), busy(1, 1), busy(0, 3.1)], 2, 1)).toBe(true);
    expect(shouldWaitForFaster([busy(1, 1), busy(1, 1), busy(0, 2.9)], 2, 1)).toBe(false);
  });

  it('is never so of workers that are not twice as slow as the others', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 50, max: 100 }), { minLength: 1 }),
        fc.nat(9),
        (times, waiting) => {
          const workers = [candidateOf({ serviceMs: 100 }), ...times.map((serviceMs) => busy(1, serviceMs))];
          expect(shouldWaitForFaster(workers, 0, waiting)).toBe(false);
        },
      ),
    );
  });

  it('is never so when no faster worker has anything in flight, or the worker is unknown', () => {
    expect(shouldWaitForFaster([candidateOf({ serviceMs: 1, slots: 0 }), busy(0, 100)], 1, 1)).toBe(false);
    expect(shouldWaitForFaster([busy(1, 1), busy(0, 0)], 1, 1)).toBe(false);
  });

  it('ends as more and more waits', () => {
    fc.assert(
      fc.property(anyCandidates, fc.nat(29), fc.nat(20), (candidates, slow, waiting) => {
        fc.pre(slow < candidates.length);
        if (shouldWaitForFaster(candidates, slow, waiting + 1)) {
          expect(shouldWaitForFaster(candidates, slow, waiting)).toBe(true);
        }
        expect(shouldWaitForFaster(candidates, slow, Number.POSITIVE_INFINITY)).toBe(false);
      }),
    );
  });
});
