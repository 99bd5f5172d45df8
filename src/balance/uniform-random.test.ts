/** Random: each free worker is as likely as another, and full ones do not make their neighbours likelier. */
import { describe, expect, it } from 'vitest';
import { candidateOf, chanceOf } from '../../test/support/candidates.ts';
import { pickRandom } from './uniform-random.ts';

describe('pickRandom', () => {
  it('takes each free worker as often as another', () => {
    const candidates = [
      candidateOf(),
      candidateOf({ slots: 0 }),
      candidateOf({ slots: 0 }),
      candidateOf({ load: 5, occupied: 5 }),
      candidateOf(),
    ];
    const chance = chanceOf();
    const taken = [0, 0, 0, 0, 0];
    for (let n = 0; n < 9_000; n++) taken[pickRandom(candidates, chance)]!++;
    // Binomial, 3,000 expected with a deviation of 45: five of these.
    for (const index of [0, 3, 4]) expect(Math.abs(taken[index]! - 3_000)).toBeLessThan(225);
    expect([taken[1], taken[2]]).toEqual([0, 0]);
  });
});
