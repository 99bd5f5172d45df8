/** A worker on the real channel that serves one request at a time, and goes wrong in the ways that a test tells it to. */
import type { ServerRequest } from '../../src/channel/server-connection.ts';
import type { WorkerTable } from '../../src/table/control-table.ts';
import { startChannelWorker } from './channel-worker.ts';

/** fails: an error at once. mute: takes all and answers nothing, though its connection is alive. */
export type Behaviour = 'serves' | 'slow' | 'fails' | 'mute';

export interface WaywardWorker extends AsyncDisposable {
  readonly id_worker: string;
  behaviour: Behaviour;
  /** Requests that came. */
  readonly came: number;
}

const SERVICE_MS = 5;
const SLOW_MS = 200;
const ANSWER = Buffer.from('{"model_name":"timed","model_version":"1","outputs":[]}');

export async function startWaywardWorker(
  table: WorkerTable,
  id_worker: string,
  id_model?: string,
): Promise<WaywardWorker> {
  let came = 0;
  let freeAt = 0;
  const held: ServerRequest[] = [];
  const serve = (request: ServerRequest, serviceMs: number) => {
    const now = performance.now();
    const begin = Math.max(now, freeAt);
    freeAt = begin + serviceMs;
    const timings = { queueUs: (begin - now) * 1e3, decodeUs: 0, inferUs: serviceMs * 1e3, encodeUs: 0 };
    setTimeout(() => request.respond(ANSWER, undefined, { ...timings, batchRows: 1, rows: 1 }), freeAt - now);
  };
  const self = { behaviour: 'serves' as Behaviour };
  const worker = await startChannelWorker({
    ...{ table, id_worker, slots: 16, maxRequests: 1_000 },
    ...(id_model === undefined ? {} : { id_model }),
    onRequest: (request) => {
      came++;
      if (self.behaviour === 'serves') serve(request, SERVICE_MS);
      else if (self.behaviour === 'slow') serve(request, SLOW_MS);
      else if (self.behaviour === 'fails') request.fail({ code: 'INTERNAL', message: 'told to fail' });
      else held.push(request);
    },
  });
  return {
    id_worker,
    get behaviour() {
      return self.behaviour;
    },
    set behaviour(behaviour) {
      self.behaviour = behaviour;
    },
    get came() {
      return came;
    },
    async [Symbol.asyncDispose]() {
      for (const request of held) if (!request.cancelled) request.fail({ code: 'INTERNAL', message: 'ends' });
      await worker[Symbol.asyncDispose]();
    },
  };
}
