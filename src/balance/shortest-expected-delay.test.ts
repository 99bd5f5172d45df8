/** Shortest expected delay: load times service time decides, chance differences and unknown times do not. */
import { describe, expect, it } from 'vitest';
import { candidateOf, chanceOf } from '../../test/support/candidates.ts';
import { pickShortestExpectedDelay } from './shortest-expected-delay.ts';

const pick = (candidates: Parameters<typeof pickShortestExpectedDelay>[0], waiting = 1) =>
  pickShortestExpectedDelay(candidates, chanceOf({ waiting }));

const busy = (load: number, serviceMs: number, sent = 0) =>
  candidateOf({ load, occupied: load, slots: 16, serviceMs, sent });

describe('pickShortestExpectedDelay', () => {
  it('prefers a fast worker up to where its queue makes it as slow as an idle slow one', () => {
    expect(pick([busy(0, 20), busy(2, 6)])).toBe(1);
    expect(pick([busy(0, 20), busy(3, 6)])).toBe(0);
  });

  it('takes for alike what differs by less than chance does, and shares it out', () => {
    expect(pick([busy(0, 10, 5), busy(0, 12.9, 4)])).toBe(1);
    expect(pick([busy(0, 10, 5), busy(0, 13.1, 4)])).toBe(0);
  });

  it('does not take a fuller worker for alike', () => {
    expect(pick([busy(9, 10.1, 5), busy(10, 10, 4)])).toBe(0);
    expect(pick([busy(9, 10, 5), busy(9, 10, 4)])).toBe(1);
  });

  it('tries a worker of unknown time as if it were the fastest, but no more than that', () => {
    expect(pick([busy(0, 10, 1), busy(0, 2, 1), busy(0, 0, 0)])).toBe(2);
    expect(pick([busy(0, 10, 1), busy(0, 2, 1), busy(1, 0, 0)])).toBe(1);
  });

  it('goes by load alone while nothing is known', () => {
    expect(pick([busy(2, 0), busy(1, 0), busy(3, 0)])).toBe(1);
  });

  it('gives who comes late the next requests among its likes, but not more at once than the others have', () => {
    const workers = [busy(0, 10, 100), busy(0, 11, 0)];
    expect(pick(workers)).toBe(1);
    workers[1] = busy(1, 11, 1);
    expect(pick(workers)).toBe(0);
  });

  it('lets a request wait for a fast worker while a slow one is free, until too much waits', () => {
    const workers = [{ ...busy(1, 1), slots: 1 }, busy(0, 10)];
    // The fast one works off what it has and four that wait in 5 ms, twice of which is as long as the slow one takes.
    expect(pick(workers, 3)).toBe(-1);
    expect(pick(workers, 4)).toBe(1);
  });
});
