/**
 * A timer that is late by a tenth of a millisecond rather than by one or two, as those of Node are. Service times of
 * 10 ms would otherwise be longer for whoever sends a worker its next request only when the last is answered: there
 * the lateness of each adds to the next.
 */
import { Worker } from 'node:worker_threads';

export const NEVER_NS = 2n ** 62n;

export interface PreciseTimer {
  /** Calls back once at this time of `performance.now()`, instead of at the one set before. */
  set(atMs: number): void;
}

export function startPreciseTimer(onDue: () => void): PreciseTimer {
  const due = new BigInt64Array(new SharedArrayBuffer(8));
  due[0] = NEVER_NS;
  const thread = new Worker(new URL('./precise-timer-thread.ts', import.meta.url), { workerData: due });
  thread.on('message', onDue);
  // The origin of performance.now() is another in each thread; that of hrtime is not.
  const originNs = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1e6));
  return {
    set(atMs) {
      Atomics.store(due, 0, originNs + BigInt(Math.round(atMs * 1e6)));
      Atomics.notify(due, 0);
    },
  };
}
