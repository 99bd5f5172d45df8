/** How fast the machine itself is at the moment: a shared host, a warm processor or a busy sibling changes that by the minute. */

/** One of them is likely to be left undisturbed by other threads. */
const TRIES = 5;
/** Some 0.3 ms each. */
const STEPS = 100_000;

/**
 * Microseconds that a fixed piece of work takes, the least of a few tries. By the clock: what Linux tells of a thread's
 * processor time is only as of its last tick, 4 ms ago.
 */
export function fixedWorkUs(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const began = performance.now();
    work();
    least = Math.min(least, performance.now() - began);
  }
  return least * 1e3;
}

/** A generator of random numbers (xorshift): no step of it can be left out, and it needs no memory. */
function work(): number {
  let state = 1;
  for (let step = 0; step < STEPS; step++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
