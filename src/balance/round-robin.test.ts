/** Round-robin: strict rotation, and full workers are passed over. */
import { describe, expect, it } from 'vitest';
import { candidateOf, chanceOf } from '../../test/support/candidates.ts';
import { pickRoundRobin } from './round-robin.ts';

const turns = (candidates: Parameters<typeof pickRoundRobin>[0], count: number) =>
  Array.from({ length: count }, (_, turn) => pickRoundRobin(candidates, chanceOf({ turn })));

describe('pickRoundRobin', () => {
  it('takes each in turn, whatever its load', () => {
    const candidates = [candidateOf({ load: 5, occupied: 5 }), candidateOf(), candidateOf()];
    expect(turns(candidates, 6)).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('takes the next one with a free slot in the place of a full one', () => {
    const candidates = [candidateOf(), candidateOf({ slots: 0 }), candidateOf()];
    expect(turns(candidates, 6)).toEqual([0, 2, 2, 0, 2, 2]);
  });
});
