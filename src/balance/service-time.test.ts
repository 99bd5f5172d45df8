/** Service time: waiting at the worker does not count, bursts and several at once come out right, doubt is in favour. */
import { describe, expect, it } from 'vitest';
import { ServiceTime } from './service-time.ts';

/** One after another, with nothing between them. */
function complete(service: ServiceTime, times: readonly number[], fromMs = 0): number {
  let nowMs = fromMs;
  for (const ms of times) {
    service.note(nowMs, nowMs + ms);
    nowMs += ms;
  }
  return nowMs;
}

const times = (count: number, ms: number) => Array.from({ length: count }, () => ms);

describe('ServiceTime', () => {
  it('is 0 before the second completion', () => {
    const service = new ServiceTime();
    expect(service.leastMs).toBe(0);
    complete(service, [5]);
    expect(service.leastMs).toBe(0);
    complete(service, [5], 5);
    expect(service.leastMs).toBe(5);
  });

  it('does not count how long a request waited at the worker behind others', () => {
    const service = new ServiceTime();
    for (let n = 1; n <= 50; n++) service.note(0, 4 * n);
    expect(service.leastMs).toBeCloseTo(4);
  });

  it('does not count how long the worker had nothing to do', () => {
    const service = new ServiceTime();
    for (let n = 1; n <= 50; n++) service.note(1_000 * n, 1_000 * n + 4);
    expect(service.leastMs).toBeCloseTo(4);
  });

  it('is a c-th part at a worker that serves c at once while it is busy', () => {
    const service = new ServiceTime();
    // Four at once, 8 ms each, one of them done every 2 ms.
    for (let n = 1; n <= 200; n++) service.note(2 * n - 8, 2 * n);
    expect(service.leastMs).toBeCloseTo(2, 1);
  });

  it('is about the mean over a burst when several answers are read at once', () => {
    const service = new ServiceTime();
    for (let burst = 1; burst <= 100; burst++) {
      for (let n = 0; n < 5; n++) service.note(10 * (burst - 1), 10 * burst);
    }
    // The samples deviate by 4 ms from their mean of 2 ms, which some hundred of them leave uncertain by 0.4 ms.
    expect(service.leastMs).toBeGreaterThan(2 - 2 * 0.4);
    expect(service.leastMs).toBeLessThanOrEqual(2);
  });

  it('does not hold one request that took very long against a worker, be it the first or a later one', () => {
    const first = new ServiceTime();
    complete(first, [10, ...times(4, 1)]);
    expect(first.leastMs).toBeLessThan(1.3);
    const later = new ServiceTime();
    complete(later, [...times(200, 1), 100]);
    expect(later.leastMs).toBeLessThan(1.3);
  });

  it('does not take a worker for infinitely fast over answers that came at once', () => {
    const service = new ServiceTime();
    for (let n = 0; n < 4; n++) service.note(0, 10);
    expect(service.leastMs).toBeCloseTo(2.5 / 4);
  });

  it('sees within a few completions that a worker became slow', () => {
    const service = new ServiceTime();
    complete(service, [...times(200, 1), ...times(6, 10)]);
    expect(service.leastMs).toBeGreaterThan(1.3);
  });

  it('forgets a worker that has done nothing for long, and starts anew', () => {
    const service = new ServiceTime();
    const doneMs = complete(service, times(20, 100));
    expect(service.forgetIfStale(doneMs + 19_900)).toBe(false);
    expect(service.leastMs).toBeCloseTo(100);
    expect(service.forgetIfStale(doneMs + 20_100)).toBe(true);
    expect(service.leastMs).toBe(0);
    expect(service.forgetIfStale(doneMs + 20_100)).toBe(false);
    complete(service, [3, 3], doneMs + 30_000);
    expect(service.leastMs).toBeCloseTo(3);
  });
});
