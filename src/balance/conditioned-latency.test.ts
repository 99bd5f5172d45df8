/** Conditioned latency: each load has its own median, new completions replace old ones. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { ConditionedLatency } from './conditioned-latency.ts';

describe('ConditionedLatency', () => {
  it('is 0 before the first completion, and again when it is forgotten', () => {
    const latency = new ConditionedLatency();
    expect(latency.medianAt(0)).toBe(0);
    latency.note(0, 5);
    expect(latency.medianAt(0)).toBe(5);
    latency.forget();
    expect(latency.medianAt(0)).toBe(0);
  });

  it('keeps apart what met little and what met much, in whatever order they came', () => {
    const latency = new ConditionedLatency();
    for (let n = 0; n < 20; n++) {
      latency.note(0, 2);
      latency.note(9, 70);
    }
    expect(latency.medianAt(0)).toBe(2);
    expect(latency.medianAt(9)).toBe(70);
  });

  it('is the median, which a few that took very long do not move', () => {
    const latency = new ConditionedLatency();
    for (const ms of [1, 900, 2, 3, 800, 5, 700, 4, 3, 600, 2]) latency.note(4, ms);
    expect(latency.medianAt(4)).toBe(4);
  });

  it('takes the newest of those that met the same', () => {
    const latency = new ConditionedLatency();
    for (let n = 0; n < 40; n++) latency.note(0, 1);
    for (let n = 0; n < 11; n++) latency.note(0, 8);
    expect(latency.medianAt(0)).toBe(8);
  });

  it('is in proportion where nothing met about that load', () => {
    const latency = new ConditionedLatency();
    for (let n = 0; n < 11; n++) latency.note(4, 10);
    expect(latency.medianAt(0)).toBe(2);
    expect(latency.medianAt(9)).toBe(20);
  });

  it('says at any time what sorting all that it remembers would say', () => {
    const random = seededRandom(5);
    const latency = new ConditionedLatency();
    const all: { met: number; ms: number }[] = [];
    for (let n = 0; n < 300; n++) {
      const met = random.below(12);
      const ms = random.next();
      latency.note(met, ms);
      all.unshift({ met, ms });
      const load = random.below(14);
      const near = all
        .slice(0, 64)
        .sort((a, b) => Math.abs(a.met - load) - Math.abs(b.met - load))
        .slice(0, 11)
        .map((one) => (one.ms * (load + 1)) / (one.met + 1))
        .sort((a, b) => a - b);
      expect(latency.medianAt(load)).toBe(near[(near.length - 1) >> 1]);
      expect(latency.medianAt(load)).toBe(near[(near.length - 1) >> 1]);
    }
  });
});
