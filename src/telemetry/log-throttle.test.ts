/** A flood is cut to so many lines a second, and what was left out is counted. */
import { expect, it } from 'vitest';
import { LogThrottle } from './log-throttle.ts';

it('admits so many a second and says how many it did not', () => {
  const throttle = new LogThrottle(2);
  const admitted = [0, 1, 2, 3, 999, 1_000, 1_001].map((now) => throttle.admit(now)?.suppressed);
  expect(admitted).toEqual([0, 0, undefined, undefined, undefined, 3, 0]);
});
