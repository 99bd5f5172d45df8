/** The expected wait is true at a steady rate, follows a change, shows a stall, and is never a guess. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { SaturatedRate } from './saturated-rate.ts';

/** Takes up requests at equal intervals, the first after one of these; gives the time of the last. */
function take(rate: SaturatedRate, perSecond: number, fromMs: number, forMs: number): number {
  const intervalMs = 1_000 / perSecond;
  let at = fromMs;
  while (at + intervalMs <= fromMs + forMs + 1e-6) {
    at += intervalMs;
    rate.onTaken(at);
  }
  return at;
}

function saturated(): SaturatedRate {
  const rate = new SaturatedRate();
  rate.begin(0);
  return rate;
}

describe('SaturatedRate', () => {
  it('says nothing in the first 100 ms, nor before eight were taken up', () => {
    const rate = saturated();
    take(rate, 1_000, 0, 99);
    expect(rate.expectedWaitMs(1_000, 99)).toBe(0);
    expect(rate.expectedWaitMs(1_000, 100)).toBeGreaterThan(900);
    const slow = saturated();
    take(slow, 1, 0, 7_000);
    expect(slow.expectedWaitMs(1_000, 7_999)).toBe(0);
    slow.onTaken(8_000);
    expect(slow.expectedWaitMs(9, 8_000)).toBe(10_000);
  });

  it('says nothing while none waits, and forgets an earlier saturation', () => {
    const rate = saturated();
    take(rate, 100, 0, 1_000);
    rate.end();
    expect(rate.expectedWaitMs(10, 1_000)).toBe(0);
    rate.begin(5_000);
    expect(rate.expectedWaitMs(10, 6_000)).toBe(0);
    take(rate, 10, 5_000, 1_000);
    expect(rate.expectedWaitMs(9, 6_000)).toBeCloseTo(1_000);
  });

  it.each([0.5, 20, 1_000])('is the place in the queue by the rate, at %s a second', (perSecond) => {
    const rate = saturated();
    const at = take(rate, perSecond, 0, 30_000);
    expect(rate.expectedWaitMs(9, at)).toBeCloseTo(10_000 / perSecond, 3);
  });

  it('does not take the time between two of a slow route for a stall', () => {
    const rate = saturated();
    const at = take(rate, 0.25, 0, 60_000);
    expect(rate.expectedWaitMs(4, at + 3_999)).toBeCloseTo(20_000, 3);
  });

  it('does not take the run of a batch for a stall', () => {
    const rate = saturated();
    for (let at = 2_000; at <= 20_000; at += 2_000) {
      for (let n = 0; n < 64; n++) rate.onTaken(at);
      for (let later = 100; later < 2_000; later += 100) {
        // The true rate is 32 a second; a span that has but begun may make it twice that, but never less.
        const wait = rate.expectedWaitMs(31, at + later);
        expect(wait).toBeGreaterThan(480);
        expect(wait).toBeLessThan(1_001);
      }
    }
  });

  it('is right on average where the times between two are random', () => {
    const { next } = seededRandom(7);
    const rate = saturated();
    let at = 0;
    const waits: number[] = [];
    for (let n = 0; n < 20_000; n++) {
      at += -10 * Math.log(1 - next());
      rate.onTaken(at);
      if (n > 100) waits.push(rate.expectedWaitMs(9, at));
    }
    // Of 50 to 100 each, so that one is off by 12 % or so, and one in a thousand by 40 %.
    expect(waits.reduce((sum, wait) => sum + wait, 0) / waits.length).toBeGreaterThan(95);
    expect(waits.reduce((sum, wait) => sum + wait, 0) / waits.length).toBeLessThan(107);
    expect(waits.filter((wait) => wait < 60 || wait > 160).length / waits.length).toBeLessThan(0.01);
  });

  it.each([
    [1_000, 100],
    [100, 1_000],
    [200, 20],
  ])('follows from %s to %s a second within a good second', (before, after) => {
    const rate = saturated();
    let at = take(rate, before, 0, 3_000);
    at = take(rate, after, at, 1_500);
    expect(rate.expectedWaitMs(9, at)).toBeGreaterThan(0.8 * (10_000 / after));
    expect(rate.expectedWaitMs(9, at)).toBeLessThan(1.25 * (10_000 / after));
  });

  it('shows a stall, the more the longer it lasts', () => {
    const rate = saturated();
    const at = take(rate, 1_000, 0, 2_000);
    const waits = [100, 500, 1_000, 5_000].map((later) => Math.round(rate.expectedWaitMs(0, at + later)));
    expect(waits).toEqual([1, 400, 900, 4_900]);
    // One far behind waits for those before it too, at a rate that the stall has lowered.
    expect(rate.expectedWaitMs(1_000, at + 5_000)).toBeGreaterThan(5_000);
  });

  it('does not hold a stall against those who come after it', () => {
    const rate = saturated();
    let at = take(rate, 1_000, 0, 2_000) + 5_000;
    rate.onTaken(at);
    expect(rate.expectedWaitMs(99, at)).toBe(0);
    at = take(rate, 1_000, at, 200);
    expect(rate.expectedWaitMs(99, at)).toBeGreaterThan(90);
    expect(rate.expectedWaitMs(99, at)).toBeLessThan(110);
  });
});
