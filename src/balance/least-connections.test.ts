/** Least connections: the emptiest worker is taken, ties are shared out exactly, a full worker never is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCandidates, candidateOf } from '../../test/support/candidates.ts';
import { pickLeastConnections } from './least-connections.ts';

const idle = (count: number) => Array.from({ length: count }, () => candidateOf());

describe('pickLeastConnections', () => {
  it('takes a worker with a free slot than which none has less load, whenever there is one', () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const open = candidates.filter(({ occupied, slots }) => occupied < slots);
        const picked = candidates[pickLeastConnections(candidates)];
        if (open.length === 0) expect(picked).toBeUndefined();
        else expect(open).toContain(picked);
        if (!picked) return;
        expect(picked.load).toBe(Math.min(...open.map(({ load }) => load)));
        const ties = open.filter(({ load }) => load === picked.load);
        expect(picked.sent).toBe(Math.min(...ties.map(({ sent }) => sent)));
      }),
    );
  });

  it('shares idle workers out exactly', () => {
    const candidates = idle(4);
    for (let n = 0; n < 10_000; n++) {
      const picked = candidates[pickLeastConnections(candidates)];
      if (picked) picked.sent++;
    }
    expect(candidates.map(({ sent }) => sent)).toEqual([2_500, 2_500, 2_500, 2_500]);
  });

  it('keeps equal workers within one request of each other while requests come', () => {
    const candidates = idle(5).map((one) => ({ ...one, slots: 1_000 }));
    for (let n = 0; n < 1_000; n++) {
      const picked = candidates[pickLeastConnections(candidates)];
      if (picked) {
        picked.load++;
        picked.sent++;
      }
      const loads = candidates.map(({ load }) => load);
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
    }
  });

  it('CT5: looks once at each of 100 workers', () => {
    let looks = 0;
    const busy = Array.from({ length: 100 }, (_, i) =>
      Object.defineProperty(candidateOf({ occupied: 1 }), 'load', {
        get() {
          looks++;
          return 1 + (i % 7);
        },
      }),
    );
    pickLeastConnections(busy);
    expect(looks).toBe(100);
  });

  it('says so when there is nobody', () => {
    expect(pickLeastConnections([])).toBe(-1);
    expect(pickLeastConnections([candidateOf({ load: 3, occupied: 3, slots: 3 })])).toBe(-1);
  });
});
