/**
 * The peer's worker: what a competent engineer writes to serve one ONNX model over HTTP with Node alone.
 * One request is one `session.run`; no batching, no validation beyond what the answer needs.
 *
 * usage: node plain-worker.ts MODEL_FILE (PORT | SOCKET_PATH); tells its parent the address once it listens.
 */
import { createServer, type ServerResponse } from 'node:http';
import { InferenceSession, Tensor } from 'onnxruntime-node';

interface InferRequest {
  readonly inputs: readonly { readonly name: string; readonly shape: number[]; readonly data: number[] }[];
}

const [modelFile, address] = process.argv.slice(2);
if (modelFile === undefined || address === undefined)
  throw new Error('usage: plain-worker.ts MODEL_FILE ADDRESS');

// The settings of Turntable's workers: processes share the cores, so one thread each.
const session = await InferenceSession.create(modelFile, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
});

const server = createServer((request, response) => {
  if (request.method === 'GET' && request.url === '/v2/health/ready') {
    send(response, 200, { ready: true });
  } else if (request.method === 'POST' && request.url === '/v2/models/fraud/infer') {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      infer(Buffer.concat(chunks)).then(
        (answer) => send(response, 200, answer),
        (error: unknown) => send(response, 400, { error: String(error) }),
      );
    });
  } else {
    send(response, 404, { error: `no ${request.method} ${request.url}` });
  }
});

// Longer than the proxy keeps its connections: if the server closed first, a request on its way would be lost.
server.keepAliveTimeout = 75_000;
server.listen(
  /^\d+$/.test(address) ? { port: Number(address), host: '127.0.0.1' } : { path: address },
  () => {
    process.send?.({ address: server.address() });
  },
);
// Ends with the benchmark, however that ended.
process.on('disconnect', () => process.exit(0));

async function infer(body: Buffer): Promise<unknown> {
  const { inputs }: InferRequest = JSON.parse(body.toString());
  const input = inputs[0];
  if (input === undefined) throw new Error('no input');
  const result = await session.run({
    [input.name]: new Tensor('float32', Float32Array.from(input.data), input.shape),
  });
  const label = result.label!;
  const probabilities = result.probabilities!;
  return {
    model_name: 'fraud',
    model_version: '1',
    outputs: [
      {
        name: 'label',
        datatype: 'INT64',
        shape: label.dims,
        data: Array.from(label.data as BigInt64Array, Number),
      },
      {
        name: 'probabilities',
        datatype: 'FP32',
        shape: probabilities.dims,
        data: Array.from(probabilities.data as Float32Array),
      },
    ],
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
