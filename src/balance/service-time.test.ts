/** Service time: a careful mean, in which doubt is in a worker's favour. */
import { describe, expect, it } from 'vitest';
import { ServiceTime } from './service-time.ts';

/** One after another, with nothing between them. */
function complete(service: ServiceTime, times: readonly number[], fromMs = 0): number {
  let nowMs = fromMs;
  for (const ms of times) {
    nowMs += ms;
    service.note(ms, nowMs);
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

  it('does not hold one request that took very long against a worker, be it the first or a later one', () => {
    const first = new ServiceTime();
    complete(first, [10, ...times(4, 1)]);
    expect(first.leastMs).toBeLessThan(1.3);
    const later = new ServiceTime();
    complete(later, [...times(200, 1), 100]);
    expect(later.leastMs).toBeLessThan(1.3);
  });

  it('does not take a worker for infinitely fast over a few that took nothing', () => {
    const service = new ServiceTime();
    complete(service, [10, 0, 0, 0]);
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
