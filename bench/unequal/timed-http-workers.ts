/**
 * Workers of set speeds on HTTP, in one process, each on a port of its own: a request says how long it takes on a
 * worker of speed 1, a worker does one at a time in the order of arrival, and none costs processor time to speak of.
 *
 * usage: node timed-http-workers.ts OPTIONS, which is WorkersOptions as JSON; tells its parent the ports.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FifoWorker } from './fifo-worker.ts';
import { startPreciseTimer } from './precise-timer.ts';
import { registerWorkers } from './register-workers.ts';
import type { WorkersOptions } from './start-timed-workers.ts';

const READY = '/v2/health/ready';
const MODEL = '/v2/models/timed';
const INFER = /^\/v2\/models\/timed(\/versions\/1)?\/infer$/;
const METADATA = JSON.stringify({
  ...{ name: 'timed', versions: ['1'], platform: 'timed' },
  inputs: [{ name: 'demand_ms', datatype: 'FP32', shape: [1] }],
  outputs: [{ name: 'demand_ms', datatype: 'FP32', shape: [1] }],
});

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

function infer(worker: FifoWorker, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const demandMs = Number(JSON.parse(Buffer.concat(chunks).toString()).inputs[0].data[0]);
    const abandon = worker.add(demandMs, performance.now(), () =>
      send(
        response,
        200,
        '{"model_name":"timed","model_version":"1","outputs":[{"name":"demand_ms","datatype":"FP32",' +
          `"shape":[1],"data":[${demandMs}]}]}`,
      ),
    );
    response.on('close', () => {
      if (!response.writableFinished) abandon();
    });
    finish();
  });
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

async function listen(worker: FifoWorker): Promise<number> {
  const server = createServer((request, response) => {
    if (request.method === 'POST' && INFER.test(request.url ?? '')) infer(worker, request, response);
    else if (request.url === READY || request.url === `${MODEL}/ready`) send(response, 200, '{"ready":true}');
    else if (request.url === MODEL || request.url === `${MODEL}/versions/1`) send(response, 200, METADATA);
    else send(response, 404, '{"error":"not found"}');
  });
  // Longer than any proxy keeps its connections: if the server closed first, a request on its way would be lost.
  server.keepAliveTimeout = 120_000;
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const ports = await Promise.all(workers.map(listen));
if (table !== null) await registerWorkers(table, ports);
// Ends with the benchmark, however that ended.
process.on('disconnect', () => process.exit(0));
process.send?.({ ports });
