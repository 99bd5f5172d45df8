/** Power of two choices: the fullest is never taken, and each pair of workers is drawn as often as another. */
import { describe, expect, it } from 'vitest';
import { candidateOf, chanceOf } from '../../test/support/candidates.ts';
import { pickPowerOfTwoChoices } from './power-of-two-choices.ts';

const DRAWS = 12_000;

function drawn(candidates: Parameters<typeof pickPowerOfTwoChoices>[0]): number[] {
  const chance = chanceOf();
  const taken = candidates.map(() => 0);
  for (let n = 0; n < DRAWS; n++) taken[pickPowerOfTwoChoices(candidates, chance)]!++;
  return taken;
}

describe('pickPowerOfTwoChoices', () => {
  it('takes the emptier of two that are drawn without preference', () => {
    // Of the six pairs of four workers the emptiest wins three, the next one two, the third one: 1/2, 1/3, 1/6.
    const taken = drawn([3, 1, 2, 0].map((load) => candidateOf({ load, occupied: load })));
    expect(taken[0]).toBe(0);
    // The deviation is at most 55: five of these.
    for (const [index, share] of [
      [1, 1 / 3],
      [2, 1 / 6],
      [3, 1 / 2],
    ] as const) {
      expect(Math.abs(taken[index]! - share * DRAWS)).toBeLessThan(275);
    }
  });

  it('draws among those with a free slot alone', () => {
    const full = candidateOf({ slots: 0 });
    expect(drawn([full, candidateOf({ load: 2 }), full, candidateOf({ load: 1 })])).toEqual([0, 0, 0, DRAWS]);
    expect(drawn([full, candidateOf({ load: 7 }), full])).toEqual([0, DRAWS, 0]);
  });

  it('takes of two with equal load the one that was sent less', () => {
    expect(drawn([candidateOf({ sent: 4 }), candidateOf({ sent: 3 })])).toEqual([0, DRAWS]);
  });
});
