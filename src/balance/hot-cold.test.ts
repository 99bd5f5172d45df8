/** Hot and cold: the lowest latency among the cold, the least load among the hot. */
import { describe, expect, it } from 'vitest';
import { candidateOf } from '../../test/support/candidates.ts';
import { pickHotCold } from './hot-cold.ts';

const at = (load: number, latencyMs: number, said = {}) =>
  candidateOf({ load, occupied: load, latencyMs, slots: 1_000, ...said });

describe('pickHotCold', () => {
  it('takes the lowest latency among the cold, whatever their load', () => {
    expect(pickHotCold([at(1, 9), at(2, 5), at(3, 4), at(2, 6)])).toBe(1);
  });

  it('leaves out whoever has more in flight than most, however fast it is', () => {
    const candidates = [at(9, 1), ...Array.from({ length: 9 }, (_, n) => at(2, 5 + n))];
    expect(pickHotCold(candidates)).toBe(1);
  });

  it('takes the least loaded when all that have a free slot are hot', () => {
    const full = at(0, 1, { slots: 0 });
    expect(pickHotCold([full, full, full, full, full, full, full, full, at(7, 1), at(5, 9)])).toBe(9);
  });

  it('tries a worker of unknown latency first, until it is hot', () => {
    expect(pickHotCold([at(1, 1), at(1, 0), at(1, 1), at(1, 1)])).toBe(1);
    expect(pickHotCold([at(1, 1), at(2, 0), at(1, 2), at(1, 3)])).toBe(0);
  });

  it('goes by load, then by what was sent, where latencies are equal or unknown', () => {
    expect(pickHotCold([at(2, 0), at(1, 0), at(2, 0), at(2, 0)])).toBe(1);
    expect(pickHotCold([at(1, 3, { sent: 5 }), at(1, 3, { sent: 4 }), at(1, 3, { sent: 6 })])).toBe(1);
  });

  it('finds its quantile among more workers than it had room for', () => {
    const candidates = Array.from({ length: 1_000 }, (_, n) => at(n, 1_000 - n));
    expect(pickHotCold(candidates)).toBe(Math.floor(0.84 * 999));
  });
});
