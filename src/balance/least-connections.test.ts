/** Least connections: the emptiest worker is taken, ties are shared out exactly, a full worker never is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, pickLeastConnections } from './least-connections.ts';

const candidate: fc.Arbitrary<Candidate> = fc.record({
  load: fc.nat(20),
  slots: fc.integer({ min: 1, max: 20 }),
});

describe('pickLeastConnections', () => {
  it('takes a worker with a free slot than which none has less load, whenever there is one', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 30 }), fc.nat(), (candidates, start) => {
        const open = candidates.filter(({ load, slots }) => load < slots);
        const picked = candidates[pickLeastConnections(candidates, start)];
        if (open.length === 0) expect(picked).toBeUndefined();
        else expect(open).toContain(picked);
        if (picked) expect(picked.load).toBe(Math.min(...open.map(({ load }) => load)));
      }),
    );
  });

  it('shares idle workers out exactly', () => {
    const candidates = Array.from({ length: 4 }, () => ({ load: 0, slots: 8 }));
    const taken = [0, 0, 0, 0];
    for (let turn = 0; turn < 10_000; turn++) {
      const index = pickLeastConnections(candidates, turn);
      taken[index] = (taken[index] ?? 0) + 1;
    }
    expect(taken).toEqual([2_500, 2_500, 2_500, 2_500]);
  });

  it('keeps equal workers within one request of each other while requests come and go', () => {
    const candidates = Array.from({ length: 5 }, () => ({ load: 0, slots: 1_000 }));
    for (let turn = 0; turn < 1_000; turn++) {
      const index = pickLeastConnections(candidates, turn * 7);
      (candidates[index] as { load: number }).load++;
      const loads = candidates.map(({ load }) => load);
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
    }
  });

  it('CT5: looks once at each of 100 workers, and at no more than it must', () => {
    let looks = 0;
    const busy = Array.from({ length: 100 }, (_, i) => ({
      slots: 1_000,
      get load() {
        looks++;
        return 1 + (i % 7);
      },
    }));
    pickLeastConnections(busy, 42);
    // Its load against the best so far, against its slots, and as the new best.
    expect(looks).toBeLessThanOrEqual(3 * 100);
    const idle = busy.map(() => ({ load: 0, slots: 1 }));
    expect(pickLeastConnections(idle, 42)).toBe(42);
  });

  it('says so when there is nobody', () => {
    expect(pickLeastConnections([], 5)).toBe(-1);
    expect(pickLeastConnections([{ load: 3, slots: 3 }], 0)).toBe(-1);
  });
});
