/**
 * One worker on HTTP that does one request at a time, each in the time that it asks for, and fails in the ways it is told to.
 *
 * usage: node timed-http-worker.ts PORT (0 for any); tells its parent the port, and answers each command of it.
 */
import { FifoWorker } from '../unequal/fifo-worker.ts';
import { startPreciseTimer } from '../unequal/precise-timer.ts';
import { type HttpBehaviour, listenTimed } from '../unequal/timed-http-server.ts';

let behaviour: HttpBehaviour = 'serves';
const worker = new FifoWorker(1);
const timer = startPreciseTimer(finish);

function finish(): void {
  worker.finish(performance.now());
  if (worker.finishMs < Number.POSITIVE_INFINITY) timer.set(worker.finishMs);
}

const port = await listenTimed({
  ...{ worker, onWork: finish, behaviour: () => behaviour },
  port: Number(process.argv[2] ?? 0),
});
process.on('message', ({ behave }: { readonly behave: HttpBehaviour }) => {
  behaviour = behave;
  process.send?.({ behave });
});
// Ends with the benchmark, however that ended.
process.on('disconnect', () => process.exit(0));
process.send?.({ port });
