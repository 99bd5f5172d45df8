/** Weighted least connections: load and shares follow the weights, while idle and while busy. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCandidates, candidateOf } from '../../test/support/candidates.ts';
import { hasFreeSlot } from './free-slots.ts';
import { pickWeightedLeastConnections } from './weighted-least-connections.ts';

const WEIGHTS = [1, 2, 5];

describe('pickWeightedLeastConnections', () => {
  it('takes one than which none has less in flight for its weight', () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const open = candidates.filter(hasFreeSlot);
        const picked = candidates[pickWeightedLeastConnections(candidates)];
        const loads = open.map(({ load, weight }) => (load + 1) / weight);
        if (picked) expect((picked.load + 1) / picked.weight).toBe(Math.min(...loads));
      }),
    );
  });

  it('fills workers in proportion to their weights', () => {
    const candidates = WEIGHTS.map((weight) => candidateOf({ weight, slots: 1_000 }));
    for (let n = 0; n < 800; n++) candidates[pickWeightedLeastConnections(candidates)]!.load++;
    expect(candidates.map(({ load }) => load)).toEqual([100, 200, 500]);
  });

  it('sends an idle light worker nothing while a heavy one is as good as idle', () => {
    const candidates = [candidateOf(), candidateOf({ weight: 3, load: 1, occupied: 1 })];
    expect(pickWeightedLeastConnections(candidates)).toBe(1);
  });

  it('shares equals out by what each was sent', () => {
    const candidates = [candidateOf({ weight: 2, sent: 10 }), candidateOf({ weight: 2, sent: 9 })];
    expect(pickWeightedLeastConnections(candidates)).toBe(1);
  });
});
