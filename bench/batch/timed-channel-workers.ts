/**
 * Turntable's own kind of workers, on its channel and in its table, that do what `timed-http-workers` does on HTTP: one
 * request after the other, each for the time that it says, with the same timer and without processor time to speak of.
 *
 * usage: node timed-channel-workers.ts OPTIONS, which is TimedChannelWorkers as JSON; tells its parent when all are ACTIVE.
 */
import type { ServerRequest } from '../../src/channel/server-connection.ts';
import { usefulSlots } from '../../src/worker/useful-slots.ts';
import { startChannelWorker } from '../../test/support/channel-worker.ts';
import { openBenchTable } from '../table/bench-table.ts';
import { FifoWorker } from '../unequal/fifo-worker.ts';
import { startPreciseTimer } from '../unequal/precise-timer.ts';

export interface TimedChannelWorkers {
  /** URL of the table. */
  readonly table: string;
  /** Each in a table of its own. */
  readonly fleets: readonly { readonly prefix: string; readonly count: number }[];
  /** As the workers would have measured it of their model. */
  readonly serviceMs: number;
}

/** A worker holds this many times the slots that it declares, as its requests come from several gateways. */
const HELD_PER_SLOT = 4;

const { table: url, fleets, serviceMs } = JSON.parse(process.argv[2] ?? '{}') as TimedChannelWorkers;
const workers: FifoWorker[] = [];
const timer = startPreciseTimer(finish);

/** Answers what is done at any of them, and comes back when the next is. */
function finish(): void {
  const now = performance.now();
  for (const worker of workers) worker.finish(now);
  const next = Math.min(...workers.map(({ finishMs }) => finishMs));
  if (next < Number.POSITIVE_INFINITY) timer.set(next);
}

function accept(worker: FifoWorker, request: ServerRequest): void {
  const demandMs = Number(JSON.parse(request.body.toString()).inputs[0].data[0]);
  const body =
    '{"model_name":"timed","model_version":"1","outputs":[{"name":"demand_ms","datatype":"FP32",' +
    `"shape":[1],"data":[${demandMs}]}]}`;
  const timings = { queueUs: 0, decodeUs: 0, inferUs: demandMs * 1e3, encodeUs: 0, batchRows: 1, rows: 1 };
  worker.add(demandMs, performance.now(), () => {
    if (!request.cancelled) request.respond(Buffer.from(body), undefined, timings);
  });
  finish();
}

const slots = usefulSlots({ maxBatchRows: 1, rowMs: serviceMs, gain: undefined });
for (const { prefix, count } of fleets) {
  const table = await openBenchTable(url, prefix);
  for (let number = 0; number < count; number++) {
    const worker = new FifoWorker(1);
    workers.push(worker);
    await startChannelWorker({
      ...{ table, id_worker: `timed-1-${number}`, slots, maxRequests: HELD_PER_SLOT * slots },
      onRequest: (request) => accept(worker, request),
    });
  }
}
// Ends with the benchmark, however that ended.
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
