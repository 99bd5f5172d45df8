/** A worker on the real channel and in the real table whose service takes a set time and no processor. */
import type { WorkerTable } from '../../src/table/control-table.ts';
import { startChannelWorker } from './channel-worker.ts';

export interface TimedWorker extends AsyncDisposable {
  readonly id_worker: string;
  /** Requests answered. */
  readonly served: number;
}

const ANSWER = Buffer.from('{"model_name":"timed","model_version":"1","outputs":[]}');
const TIMINGS = { queueUs: 0, decodeUs: 0, inferUs: 0, encodeUs: 0, batchRows: 1, rows: 1 };

/** @param serviceMs how long each request takes, by itself */
export async function startTimedWorker(
  table: WorkerTable,
  id_worker: string,
  serviceMs: () => number,
): Promise<TimedWorker> {
  let served = 0;
  const worker = await startChannelWorker({
    ...{ table, id_worker, slots: 1_000, maxRequests: 10_000 },
    onRequest: (request) => {
      setTimeout(() => {
        served++;
        request.respond(ANSWER, undefined, TIMINGS);
      }, serviceMs());
    },
  });
  return {
    id_worker,
    get served() {
      return served;
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
