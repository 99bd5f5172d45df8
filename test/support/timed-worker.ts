/** A worker on the real channel and in the real table whose service takes a set time and no processor. */
import { ChannelServer } from '../../src/channel/channel-server.ts';
import { tcpEndpoint } from '../../src/channel/endpoint.ts';
import { TablePresence } from '../../src/cli/table-presence.ts';
import type { WorkerTable } from '../../src/table/control-table.ts';

export interface TimedWorker extends AsyncDisposable {
  readonly id_worker: string;
  /** Requests answered. */
  readonly served: number;
}

const HEARTBEAT_MS = 1_000;
const ANSWER = Buffer.from('{"model_name":"timed","model_version":"1","outputs":[]}');
const TIMINGS = { queueUs: 0, decodeUs: 0, inferUs: 0, encodeUs: 0, batchRows: 1, rows: 1 };
const SIGNATURE = { inputs: [], outputs: [], batchable: false };

/** @param serviceMs how long each request takes, by itself */
export async function startTimedWorker(
  table: WorkerTable,
  id_worker: string,
  serviceMs: () => number,
): Promise<TimedWorker> {
  let served = 0;
  const server = new ChannelServer({
    id_worker,
    maxRequests: 10_000,
    maxBodyBytes: 1_000_000,
    maxBufferedBytes: 100_000_000,
    onRequest: (request) => {
      setTimeout(() => {
        served++;
        request.respond(ANSWER, undefined, TIMINGS);
      }, serviceMs());
    },
    log: () => {},
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  if (!('port' in address)) throw new Error('it listens on no port');
  const log = { warn: () => {}, info: () => {} };
  const onGone = () => {};
  const options = { table, supervised: false, revision: 'timed', log, onRetired: onGone, onRemoved: onGone };
  const presence = new TablePresence(options);
  await presence.register({
    id_worker,
    id_model: 'timed',
    version: '1',
    endpoint: tcpEndpoint('127.0.0.1', address.port),
    slots: 1_000,
    weight: 1,
    node: 'test',
    pid: process.pid,
    platform: 'timed',
    max_batch_size: 0,
    max_queue_delay_us: 0,
    idempotent: true,
    signature: SIGNATURE,
  });
  await presence.ready();
  const beat = setInterval(() => void presence.heartbeat({ rss_bytes: 0 }), HEARTBEAT_MS);
  return {
    id_worker,
    get served() {
      return served;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      await presence.draining();
      await server.drain();
      await presence.gone();
    },
  };
}
