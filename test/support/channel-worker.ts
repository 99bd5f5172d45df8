/** A worker on the real channel and in the real table, kept by nobody, that does with its requests as it is told. */
import { ChannelServer } from '../../src/channel/channel-server.ts';
import { tcpEndpoint } from '../../src/channel/endpoint.ts';
import type { ServerRequest } from '../../src/channel/server-connection.ts';
import { TablePresence } from '../../src/cli/table-presence.ts';
import type { WorkerTable } from '../../src/table/control-table.ts';

export interface ChannelWorkerOptions {
  readonly table: WorkerTable;
  readonly id_worker: string;
  readonly id_model?: string;
  /** As it declares them. */
  readonly slots: number;
  /** Requests that it holds; beyond that it answers busy. */
  readonly maxRequests: number;
  /** At 127.0.0.1; 0: any that is free. */
  readonly port?: number;
  /** Where gateways are to connect instead, such as to a proxy. */
  readonly advertisedPort?: number;
  readonly onRequest: (request: ServerRequest) => void;
}

export const TIMED_MODEL = 'timed';

const HEARTBEAT_MS = 1_000;
const SIGNATURE = { inputs: [], outputs: [], batchable: false };

/** Resolves when it is ACTIVE. To dispose of it is to drain it. */
export async function startChannelWorker(options: ChannelWorkerOptions): Promise<AsyncDisposable> {
  const { table, id_worker, slots, maxRequests, onRequest } = options;
  const server = new ChannelServer({
    ...{ id_worker, maxRequests, onRequest },
    maxBodyBytes: 1_000_000,
    maxBufferedBytes: 100_000_000,
    log: () => {},
  });
  const address = await server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  if (!('port' in address)) throw new Error('it listens on no port');
  const log = { warn: () => {}, info: () => {} };
  const onGone = () => {};
  const ownTerms = { supervised: false, revision: 'timed', onRetired: onGone, onRemoved: onGone };
  const presence = new TablePresence({ table, log, ...ownTerms });
  await presence.register({
    id_worker,
    id_model: options.id_model ?? TIMED_MODEL,
    version: '1',
    endpoint: tcpEndpoint('127.0.0.1', options.advertisedPort ?? address.port),
    slots,
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
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      await presence.draining();
      await server.drain();
      await presence.gone();
    },
  };
}
