/** A breaker's life: ejections that grow and are forgotten, and probes that decide on the return. */
import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';

const breakerOf = (random = () => 0.5) => new CircuitBreaker({ baseMs: 1_000, maxMs: 5_000, random });

/** How long it stays ejected from now on, to the millisecond. */
function ejectionMs(breaker: CircuitBreaker, nowMs: number): number {
  for (let ms = 0; ms < 10_000; ms++) if (breaker.tick(nowMs + ms)) return ms;
  throw new Error('it stays open');
}

describe('CircuitBreaker', () => {
  it('is closed at first, and counts failures in a row', () => {
    const breaker = breakerOf();
    expect(breaker).toMatchObject({ state: 'closed', reason: '', consecutiveFailures: 0, mayProbe: false });
    breaker.onFailure(1);
    breaker.onFailure(2);
    expect(breaker).toMatchObject({ state: 'closed', consecutiveFailures: 2 });
    breaker.onSuccess(3);
    expect(breaker.consecutiveFailures).toBe(0);
  });

  it('opens with a reason until its time is up', () => {
    const breaker = breakerOf();
    breaker.open('5 failures in a row', 100);
    expect(breaker).toMatchObject({ state: 'open', reason: '5 failures in a row', mayProbe: false });
    expect(breaker.tick(1_099)).toBe(false);
    expect(breaker.tick(1_100)).toBe(true);
    expect(breaker.tick(1_100)).toBe(false);
    expect(breaker).toMatchObject({ state: 'half-open', reason: '5 failures in a row', mayProbe: true });
  });

  it('lets one probe at a time through, and another where one ended without a verdict', () => {
    const breaker = breakerOf();
    breaker.open('slow', 0);
    breaker.tick(1_000);
    breaker.onProbeSent();
    expect(breaker.mayProbe).toBe(false);
    breaker.onProbeVoid();
    expect(breaker).toMatchObject({ state: 'half-open', mayProbe: true });
  });

  it('closes when a probe succeeds', () => {
    const breaker = breakerOf();
    breaker.onFailure(0);
    breaker.open('slow', 0);
    breaker.tick(1_000);
    breaker.onProbeSent();
    breaker.onSuccess(1_010);
    expect(breaker).toMatchObject({ state: 'closed', reason: '', consecutiveFailures: 0, mayProbe: false });
  });

  it('opens for twice as long each time that a probe fails, up to the longest', () => {
    const breaker = breakerOf();
    breaker.open('slow', 0);
    const seen = [ejectionMs(breaker, 0)];
    for (let n = 1; n <= 3; n++) {
      breaker.onProbeSent();
      breaker.onFailure(n * 10_000);
      expect(breaker).toMatchObject({ state: 'open', reason: 'slow' });
      seen.push(ejectionMs(breaker, n * 10_000));
    }
    expect(seen).toEqual([1_000, 2_000, 4_000, 5_000]);
  });

  it('takes nothing that was sent before for the verdict of a probe', () => {
    const breaker = breakerOf();
    breaker.open('slow', 0);
    breaker.onSuccess(10);
    breaker.onFailure(20);
    expect(breaker.state).toBe('open');
    breaker.tick(1_000);
    breaker.onSuccess(1_001);
    breaker.onFailure(1_002);
    expect(breaker).toMatchObject({ state: 'half-open', mayProbe: true });
  });

  it('is not ejected for longer by being ejected again while it is', () => {
    const breaker = breakerOf();
    breaker.open('slow', 0);
    breaker.open('5 failures in a row', 900);
    expect(breaker.reason).toBe('slow');
    expect(breaker.tick(1_000)).toBe(true);
  });

  it('spreads the return by a fifth to either side', () => {
    const earliest = breakerOf(() => 0);
    earliest.open('slow', 0);
    const latest = breakerOf(() => 1);
    latest.open('slow', 0);
    expect([ejectionMs(earliest, 0), ejectionMs(latest, 0)]).toEqual([800, 1_200]);
  });

  const closedAgain = (): CircuitBreaker => {
    const breaker = breakerOf();
    breaker.open('slow', 0);
    breaker.tick(1_000);
    breaker.onProbeSent();
    breaker.onFailure(1_000);
    breaker.tick(3_000);
    breaker.onProbeSent();
    breaker.onSuccess(3_000);
    return breaker;
  };

  it('remembers earlier ejections while its good conduct is short', () => {
    const breaker = closedAgain();
    breaker.open('slow', 3_000 + 19_999);
    expect(ejectionMs(breaker, 3_000 + 19_999)).toBe(4_000);
  });

  it('forgets them after good conduct of ten times the last', () => {
    const breaker = closedAgain();
    breaker.open('slow', 3_000 + 20_000);
    expect(ejectionMs(breaker, 3_000 + 20_000)).toBe(1_000);
  });
});
