/** Nobody's flood takes all, and nobody is held back while there is plenty. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasFairRoom } from './fair-share.ts';

/** Each takes one at a time, in turn, for as long as any may. */
function flood(holders: number, total: number): number[] {
  const held = Array.from({ length: holders }, () => 0);
  const used = () => held.reduce((sum, one) => sum + one, 0);
  for (let took = true; took; ) {
    took = false;
    for (const [n, one] of held.entries()) {
      if (!hasFairRoom(one, 1, used(), total)) continue;
      held[n] = one + 1;
      took = true;
    }
  }
  return held;
}

describe('hasFairRoom', () => {
  it('leaves a fifth to others where one floods', () => {
    expect(flood(1, 1_000)).toEqual([800]);
  });

  it('counts what is wanted as if it were held', () => {
    expect([hasFairRoom(100, 700, 100, 1_000), hasFairRoom(100, 701, 100, 1_000)]).toEqual([true, false]);
  });

  it('gives equal shares to those who flood together, and leaves some to whoever comes', () => {
    const held = flood(4, 1_700);
    for (const one of held) expect(Math.abs(one - 400)).toBeLessThanOrEqual(1);
  });

  it('gives way to one that comes after the flood, up to the same share', () => {
    let [late, used] = [0, 800];
    for (; hasFairRoom(late, 1, used, 1_000); late++) used++;
    expect(late).toBe(160);
  });

  it('admits the first of a holder as long as it fits at all', () => {
    expect([hasFairRoom(0, 1, 999, 1_000), hasFairRoom(0, 1, 1_000, 1_000)]).toEqual([true, false]);
    expect([hasFairRoom(0, 1_000, 0, 1_000), hasFairRoom(0, 1_001, 0, 1_000)]).toEqual([true, false]);
  });

  it('has room for less where it has for more, and in a larger whole', () => {
    const amount = fc.nat(1_000);
    fc.assert(
      fc.property(
        amount,
        fc.integer({ min: 1, max: 1_000 }),
        amount,
        amount,
        (held, wanted, byOthers, total) => {
          const used = held + byOthers;
          if (!hasFairRoom(held, wanted, used, total)) return;
          expect(used + wanted).toBeLessThanOrEqual(total);
          expect(hasFairRoom(held, wanted - 1, used, total)).toBe(true);
          expect(hasFairRoom(held, wanted, used, total + 1)).toBe(true);
        },
      ),
    );
  });
});
