/** The thread of `startPreciseTimer`: sleeps until the time that it finds in shared memory, and says once that it came. */
import { parentPort, workerData } from 'node:worker_threads';
import { NEVER_NS } from './precise-timer.ts';

const due = workerData as BigInt64Array<SharedArrayBuffer>;

for (;;) {
  const dueNs = Atomics.load(due, 0);
  const leftMs = Number(dueNs - process.hrtime.bigint()) / 1_000_000;
  // Takes fractions of a millisecond, and returns at once when another time has been written meanwhile.
  if (leftMs > 0) Atomics.wait(due, 0, dueNs, leftMs);
  // One that has been written meanwhile stays: it has not come yet.
  else if (Atomics.compareExchange(due, 0, dueNs, NEVER_NS) === dueNs) parentPort?.postMessage(null);
}
