/** One worker of a set speed on HTTP, as a server of the Open Inference Protocol: a request says how long it takes. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FifoWorker } from './fifo-worker.ts';

/**
 * What it does with requests for inference; that it is ready it says all the same. serves: each in its time. fails: an
 * error at once. mute: takes all and answers nothing.
 */
export type HttpBehaviour = 'serves' | 'fails' | 'mute';

export interface TimedHttpServerOptions {
  readonly worker: FifoWorker;
  /** Called when the worker may be done at another time than before. */
  readonly onWork: () => void;
  readonly behaviour?: () => HttpBehaviour;
  /** At 127.0.0.1; absent: any that is free. */
  readonly port?: number | undefined;
}

const READY = '/v2/health/ready';
const MODEL = '/v2/models/timed';
const INFER = /^\/v2\/models\/timed(\/versions\/1)?\/infer$/;
const METADATA = JSON.stringify({
  ...{ name: 'timed', versions: ['1'], platform: 'timed' },
  inputs: [{ name: 'demand_ms', datatype: 'FP32', shape: [1] }],
  outputs: [{ name: 'demand_ms', datatype: 'FP32', shape: [1] }],
});

/** Resolves to its port once it listens. */
export async function listenTimed(options: TimedHttpServerOptions): Promise<number> {
  const server = createServer((request, response) => {
    if (request.method === 'POST' && INFER.test(request.url ?? '')) infer(options, request, response);
    else if (request.url === READY || request.url === `${MODEL}/ready`) send(response, 200, '{"ready":true}');
    else if (request.url === MODEL || request.url === `${MODEL}/versions/1`) send(response, 200, METADATA);
    else send(response, 404, '{"error":"not found"}');
  });
  // Longer than any proxy keeps its connections: if the server closed first, a request on its way would be lost.
  server.keepAliveTimeout = 120_000;
  server.listen({ host: '127.0.0.1', port: options.port ?? 0, backlog: 4_096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function infer(
  { worker, onWork, behaviour = () => 'serves' }: TimedHttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (behaviour() === 'fails') return send(response, 500, '{"error":"this worker is told to fail"}');
    if (behaviour() === 'mute') return;
    const demandMs = Number(JSON.parse(Buffer.concat(chunks).toString()).inputs[0].data[0]);
    const abandon = worker.add(demandMs, performance.now(), () => {
      if (behaviour() === 'mute') return;
      send(
        response,
        200,
        '{"model_name":"timed","model_version":"1","outputs":[{"name":"demand_ms","datatype":"FP32",' +
          `"shape":[1],"data":[${demandMs}]}]}`,
      );
    });
    response.on('close', () => {
      if (!response.writableFinished) abandon();
    });
    onWork();
  });
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}
