/** Retries stay within their share of the load, and nobody saves up for a storm. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

/** How many it grants at once. */
function drain(budget: RetryBudget, nowMs: number): number {
  let granted = 0;
  while (granted < 100_000 && budget.take(nowMs)) granted++;
  return granted;
}

function requests(budget: RetryBudget, count: number, nowMs: number): void {
  for (let n = 0; n < count; n++) budget.onRequest(nowMs);
}

describe('RetryBudget', () => {
  it('begins with a window of the floor', () => {
    expect(drain(new RetryBudget({ percent: 20, floorPerSecond: 3, windowMs: 10_000 }), 12_345)).toBe(30);
  });

  it('grants one retry for five requests at 20 %', () => {
    const budget = new RetryBudget({ percent: 20, floorPerSecond: 0, windowMs: 10_000 });
    requests(budget, 4, 0);
    expect(budget.take(0)).toBe(false);
    requests(budget, 1, 0);
    expect([budget.take(0), budget.take(0)]).toEqual([true, false]);
  });

  it('grants the floor each second without any request', () => {
    const budget = new RetryBudget({ percent: 20, floorPerSecond: 2, windowMs: 10_000 });
    drain(budget, 0);
    expect([1_000, 2_000, 5_000].map((now) => drain(budget, now))).toEqual([2, 2, 6]);
  });

  it('does not save up beyond the window', () => {
    const budget = new RetryBudget({ percent: 10, floorPerSecond: 1, windowMs: 10_000 });
    for (let second = 0; second < 3_600; second++) requests(budget, 100, 1_000 * second);
    expect(drain(budget, 3_599_000)).toBe(10 * (10 + 1));
    requests(budget, 1_000, 3_600_000);
    expect(drain(budget, 3_609_999)).toBe(100 + 10);
    requests(budget, 1_000, 3_610_000);
    expect(drain(budget, 3_620_000)).toBe(10);
  });

  it('grants nothing when there is neither a share nor a floor', () => {
    const budget = new RetryBudget({ percent: 0, floorPerSecond: 0, windowMs: 10_000 });
    requests(budget, 10_000, 0);
    expect(budget.take(1)).toBe(false);
  });

  it('is, whatever comes, as a list of deposits from which the oldest is spent first', () => {
    const step = fc.record({
      afterMs: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(15_000)),
      requests: fc.nat(30),
      retries: fc.nat(8),
    });
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.nat(3),
        fc.array(step, { maxLength: 60 }),
        (percent, floorPerSecond, steps) => {
          const budget = new RetryBudget({ percent, floorPerSecond, windowMs: 10_000 });
          /** In hundredths of a retry. */
          const deposits = Array.from({ length: 10 }, (_, n) => ({
            second: n - 9,
            left: 100 * floorPerSecond,
          }));
          let now = 0;
          let second = 0;
          for (const { afterMs, requests: count, retries } of steps) {
            now += afterMs;
            while (second < Math.floor(now / 1_000))
              deposits.push({ second: ++second, left: 100 * floorPerSecond });
            requests(budget, count, now);
            deposits.push({ second, left: count * percent });
            for (let n = 0; n < retries; n++) {
              const usable = deposits.filter((deposit) => deposit.second > second - 10);
              const isGranted = usable.reduce((sum, { left }) => sum + left, 0) >= 100;
              expect(budget.take(now)).toBe(isGranted);
              let due = isGranted ? 100 : 0;
              for (const deposit of usable) {
                const used = Math.min(due, deposit.left);
                deposit.left -= used;
                due -= used;
              }
            }
          }
        },
      ),
    );
  });
});
