/** Waiting for a condition, with a deadline in place of a sleep that hopes. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves to the first defined, true value of `probe`.
 * @throws when there is none in time, naming what was waited for
 */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 20_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value as NonNullable<T>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}; last: ${last}`);
    await sleep(5);
  }
}
