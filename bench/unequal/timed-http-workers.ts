/**
 * Workers of set speeds on HTTP, in one process, each on a port of its own: a request says how long it takes on a
 * worker of speed 1, a worker does one at a time in the order of arrival, and none costs processor time to speak of.
 *
 * usage: node timed-http-workers.ts OPTIONS, which is WorkersOptions as JSON; tells its parent the ports.
 */
import { FifoWorker } from './fifo-worker.ts';
import { startPreciseTimer } from './precise-timer.ts';
import { registerWorkers } from './register-workers.ts';
import type { WorkersOptions } from './start-timed-workers.ts';
import { listenTimed } from './timed-http-server.ts';

const { speeds, table } = JSON.parse(process.argv[2] ?? '{}') as WorkersOptions;
const workers = speeds.map((speed) => new FifoWorker(speed));
const timer = startPreciseTimer(finish);

/** Answers what is done at any of them, and comes back when the next is. */
function finish(): void {
  const now = performance.now();
  for (const worker of workers) worker.finish(now);
  const next = Math.min(...workers.map(({ finishMs }) => finishMs));
  if (next < Number.POSITIVE_INFINITY) timer.set(next);
}

const ports = await Promise.all(workers.map((worker) => listenTimed({ worker, onWork: finish })));
if (table !== null) await registerWorkers(table, ports);
// Whatever is said to it is the question of how many requests each has been given.
process.on('message', () => process.send?.({ requests: workers.map(({ requests }) => requests) }));
// Ends with the benchmark, however that ended.
process.on('disconnect', () => process.exit(0));
process.send?.({ ports });
