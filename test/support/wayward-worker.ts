/** A worker on the real channel that serves one request at a time, and goes wrong in the ways that a test tells it to. */
import type { WorkerTable } from '../../src/table/control-table.ts';
import { startChannelWorker } from './channel-worker.ts';
import { type Behaviour, TimedService } from './timed-service.ts';

export interface WaywardWorker extends AsyncDisposable {
  readonly id_worker: string;
  behaviour: Behaviour;
  /** Requests that came. */
  readonly came: number;
}

const SERVICE_MS = 5;

export async function startWaywardWorker(
  table: WorkerTable,
  id_worker: string,
  id_model?: string,
): Promise<WaywardWorker> {
  let came = 0;
  const service = new TimedService(() => SERVICE_MS);
  const worker = await startChannelWorker({
    ...{ table, id_worker, slots: 16, maxRequests: 1_000 },
    ...(id_model === undefined ? {} : { id_model }),
    onRequest: (request) => {
      came++;
      service.accept(request);
    },
  });
  return {
    id_worker,
    get behaviour() {
      return service.behaviour;
    },
    set behaviour(behaviour) {
      service.behaviour = behaviour;
    },
    get came() {
      return came;
    },
    async [Symbol.asyncDispose]() {
      service.release();
      await worker[Symbol.asyncDispose]();
    },
  };
}
