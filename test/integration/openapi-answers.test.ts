/** A running server answers every documented operation as the OpenAPI document says, also when things go wrong. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/gateway/openapi.ts';
import { INFER_REQUESTS, INFER_RESPONSES } from '../../src/gateway/openapi-examples.ts';
import { ApiContract, type ApiRequest } from '../support/api-contract.ts';
import { eventually } from '../support/eventually.ts';
import { postHead, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type WorkerView, workersOf } from '../support/workers.ts';

const contract = new ApiContract(openApiDocument('0.0.0-test'));

/** Answers that only a fault of our own would bring about. */
/** Failures of our own making, and those of a controller that another process will be. */
const NOT_PROVOKED = [
  'loadModel 500',
  'loadModel 504',
  'metrics 500',
  'unloadModel 500',
  'unloadModel 503',
  'unloadModel 504',
];

describe('a running server answers as documented', () => {
  let server: TestServer;
  /** Has limits that are soon reached, and models that do not load. */
  let narrow: TestServer;
  let repository: string;

  beforeAll(async () => {
    repository = await mkdtemp(join(tmpdir(), 'turntable-openapi-'));
    await cp('examples/models/fraud', join(repository, 'fraud'), { recursive: true });
    await cp('examples/models/fraud', join(repository, 'once'), { recursive: true });
    await writeFile(
      join(repository, 'once/config.pbtxt'),
      'parameters { key: "idempotent" value { string_value: "false" } }',
    );
    await mkdir(join(repository, 'broken/1'), { recursive: true });
    await writeFile(join(repository, 'broken/1/model.onnx'), 'not a model');
    await mkdir(join(repository, 'empty'));
    const limits = {
      '--max-body-bytes': '4096',
      '--request-timeout-ms': '300',
      '--receive-timeout-ms': '300',
      '--headers-timeout-ms': '300',
      '--replicas': '1',
    };
    [server, narrow] = await Promise.all([
      startServer({ flags: ['--replicas', '3'] }),
      startServer({ repository, flags: Object.entries(limits).flat() }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([server?.close(), narrow?.close()]);
    await rm(repository, { recursive: true, force: true });
  });

  const ask = (operationId: string, request?: ApiRequest) => contract.ask(server.url, operationId, request);
  const askNarrow = (operationId: string, request?: ApiRequest) =>
    contract.ask(narrow.url, operationId, request);

  /** Both paths of inference, which answer alike. */
  const INFER = ['modelInfer', 'modelVersionInfer'];
  const OF_MODEL = ['Metadata', 'Ready', 'Config', 'Statistics', 'Infer'].flatMap((what) => [
    `model${what}`,
    `modelVersion${what}`,
  ]);
  const WITH_BODY = [...INFER, 'repositoryIndex', 'loadModel', 'unloadModel'];

  it('serves the document', async () => {
    const answer = await ask('openApi');
    const served = JSON.parse(answer.body.toString()) as { info: { version: string } };
    expect(served).toEqual(openApiDocument(served.info.version));
  });

  it.each([
    'serverMetadata',
    'serverLive',
    'serverReady',
    'listModels',
    'allStatistics',
    'listWorkers',
    'metrics',
    'docs',
    'repositoryIndex',
  ])('%s', async (operationId) => {
    expect((await ask(operationId)).status).toBe(200);
  });

  it('keeps to what is said of all paths', async () => {
    const get = async (path: string, init: RequestInit = {}) => {
      const { status, headers } = await fetch(server.url + path, init);
      return [status, headers.get('content-type'), headers.get('allow')];
    };
    expect(await get('/v2/models/')).toEqual([200, 'application/json', null]);
    expect(await get('/v2/models', { method: 'HEAD' })).toEqual([200, 'application/json', null]);
    expect(await get('/v2/absent')).toEqual([404, 'application/json', null]);
    expect(await get('/absent')).toEqual([404, 'application/problem+json', null]);
    expect(await get('/v2', { method: 'PUT' })).toEqual([405, 'application/json', 'GET, HEAD']);
    expect(await get('/workers', { method: 'PUT' })).toEqual([405, 'application/problem+json', 'GET, HEAD']);
    expect(await get('/v2', { headers: { long: 'x'.repeat(20_000) } })).toEqual([
      431,
      'application/json',
      null,
    ]);
  });

  it.each(OF_MODEL.filter((one) => !INFER.includes(one)))('%s', async (operationId) => {
    expect((await ask(operationId, { values: { model: 'digits', version: '1' } })).status).toBe(200);
  });

  it.each(Object.keys(INFER_REQUESTS))('example %s', async (name) => {
    const model = name.startsWith('digits') ? 'digits' : 'fraud';
    for (const operationId of INFER) {
      const answer = await ask(operationId, infer(model, INFER_REQUESTS[name]?.value));
      expect(answer.status).toBe(200);
      expect(answer.type).toBe(name.endsWith('Binary') ? 'application/octet-stream' : 'application/json');
      const example = INFER_RESPONSES[name];
      if (example) expect(rounded(JSON.parse(answer.body.toString()))).toEqual(rounded(example.value));
      if (name.endsWith('Binary')) validateBinary(answer.headers, answer.body);
    }
    // Where the counters stand for the statistics that batches leave behind.
    expect((await ask('modelStatistics', { values: { model } })).status).toBe(200);
  });

  it('the request without JSON that the description shows', async () => {
    for (const operationId of INFER) {
      const answer = await ask(operationId, binary('fraud', 0, Buffer.alloc(30 * 4)));
      expect(answer.type).toBe('application/octet-stream');
      validateBinary(answer.headers, answer.body);
    }
  });

  it('gives a request the id that its client chose', async () => {
    const request = infer('fraud', INFER_REQUESTS.fraud?.value);
    const answer = await ask('modelInfer', {
      ...request,
      headers: { ...request.headers, 'x-request-id': 'chosen-1' },
    });
    expect(answer.headers.get('x-request-id')).toBe('chosen-1');
  });

  it.each(OF_MODEL)('%s of what is not there', async (operationId) => {
    const request = { values: { model: 'absent', version: '1' } };
    expect((await ask(operationId, request)).status).toBe(404);
    if (operationId.startsWith('modelVersion')) {
      expect((await ask(operationId, { values: { model: 'fraud', version: '9' } })).status).toBe(404);
    }
  });

  it.each([
    ['no body', undefined],
    ['no JSON', '{"inputs":'],
    ['no object', '[]'],
    ['no inputs', '{}'],
    ['an unknown input', '{"inputs":[{"name":"no","shape":[1,30],"datatype":"FP32","data":[]}]}'],
    ['another datatype', '{"inputs":[{"name":"input","shape":[1,30],"datatype":"INT64","data":[]}]}'],
    ['too few elements', '{"inputs":[{"name":"input","shape":[1,30],"datatype":"FP32","data":[1]}]}'],
  ])('inference with %s', async (_, body) => {
    for (const operationId of INFER) {
      const request = { ...infer('fraud'), ...(body !== undefined && { body }) };
      expect((await ask(operationId, request)).status).toBe(400);
    }
  });

  it('parameters that are refused, and others that are ignored', async () => {
    const example = INFER_REQUESTS.fraud?.value as object;
    for (const operationId of INFER) {
      for (const name of ['classification', 'shared_memory_region']) {
        const refused = { ...example, outputs: [{ name: 'label', parameters: { [name]: 1 } }] };
        expect((await ask(operationId, infer('fraud', refused))).status).toBe(400);
      }
      const ignored = { ...example, parameters: { color: 'blue' } };
      expect((await ask(operationId, infer('fraud', ignored))).status).toBe(200);
    }
  });

  it.each(['x', '-1', '9999'])('inference with a JSON length of %s', async (length) => {
    for (const operationId of INFER) {
      const request = infer('fraud', INFER_REQUESTS.fraud?.value);
      const headers = { ...request.headers, 'inference-header-content-length': length };
      expect((await ask(operationId, { ...request, headers })).status).toBe(400);
    }
  });

  it.each([
    ['plain text', { 'content-type': 'text/plain' }],
    ['another character set', { 'content-type': 'application/json; charset=latin1' }],
    ['compression', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ])('inference with %s', async (_, headers) => {
    for (const operationId of INFER) {
      expect((await ask(operationId, { ...infer('fraud', {}), headers })).status).toBe(415);
    }
  });

  it('inference whose answer JSON cannot write', async () => {
    const tensor = {
      name: 'image',
      shape: [1, 1, 8, 8],
      datatype: 'FP32',
      parameters: { binary_data_size: 256 },
    };
    const json = Buffer.from(JSON.stringify({ inputs: [tensor] }));
    const nothing = Buffer.from(new Float32Array(64).fill(Number.NaN).buffer);
    for (const operationId of INFER) {
      const answer = await ask(operationId, binary('digits', json.length, Buffer.concat([json, nothing])));
      expect(answer.status).toBe(500);
    }
  });

  it('a body that is too large', async () => {
    for (const operationId of WITH_BODY) {
      const body = ' '.repeat(INFER.includes(operationId) ? 5_000 : 70_000);
      expect((await askNarrow(operationId, { ...infer('fraud'), body })).status).toBe(413);
    }
  });

  it('a body that does not come', async () => {
    await Promise.all(
      WITH_BODY.map(async (operationId) => {
        const { status, headers, body } = await stall(narrow, contract.operation(operationId).path);
        expect(status).toBe(408);
        contract.check(operationId, status, headers, body);
      }),
    );
  });

  it('a model that does not load', async () => {
    for (const operationId of OF_MODEL) {
      const answer = await askNarrow(operationId, {
        values: { model: 'broken', version: '1' },
        ...(INFER.includes(operationId) && infer('broken', INFER_REQUESTS.fraud?.value)),
      });
      expect(answer.status).toBe(operationId.endsWith('Statistics') ? 200 : 503);
    }
    // It keeps nobody from using the others.
    expect((await askNarrow('serverReady')).status).toBe(200);
    const index = await askNarrow('repositoryIndex', { body: '{}' });
    expect(JSON.parse(index.body.toString())).toMatchObject([
      { name: 'broken', version: '1', state: 'UNAVAILABLE' },
      { name: 'empty', version: '', state: 'UNAVAILABLE' },
      { name: 'fraud', version: '1', state: 'READY' },
      { name: 'once', version: '1', state: 'READY' },
    ]);
  });

  it('a worker that hangs', async () => {
    const [pid] = await pidsOf(narrow, 'fraud');
    process.kill(pid as number, 'SIGSTOP');
    try {
      const answers = await Promise.all(
        INFER.map((operationId) => askNarrow(operationId, infer('fraud', INFER_REQUESTS.fraud?.value))),
      );
      expect(answers.map(({ status }) => status)).toEqual([504, 504]);
    } finally {
      process.kill(pid as number, 'SIGCONT');
    }
  });

  it('requests over which workers are lost', async () => {
    // The model is not idempotent: what a worker had is not sent to another.
    const [pid] = await pidsOf(narrow, 'once');
    process.kill(pid as number, 'SIGSTOP');
    const patient = infer('once', INFER_REQUESTS.fraud?.value, { 'x-request-timeout-ms': '60000' });
    const answers = Promise.all(INFER.map((operationId) => askNarrow(operationId, patient)));
    await eventually('the worker to have them, or to be given up', async () => {
      const [row] = await activeWorkers(narrow, 'once');
      return row === undefined || row.current_requests === INFER.length;
    });
    process.kill(pid as number, 'SIGKILL');
    expect((await answers).map(({ status }) => status)).toEqual([502, 502]);
  });

  it('a model that has lost its workers', async () => {
    for (const pid of await pidsOf(narrow, 'fraud')) process.kill(pid, 'SIGKILL');
    await eventually('not ready', async () => (await askNarrow('serverReady')).status === 503);
    await eventually('ready again', async () => (await askNarrow('serverReady')).status === 200);
  });

  it('repository commands that are wrong', async () => {
    for (const body of ['{', '[]', '1']) {
      for (const operationId of ['repositoryIndex', 'loadModel', 'unloadModel']) {
        expect((await askNarrow(operationId, { values: { model: 'fraud' }, body })).status).toBe(400);
      }
    }
    expect((await askNarrow('repositoryIndex', { body: '{"ready":"yes"}' })).status).toBe(400);
    for (const model of ['broken', 'absent', '../fraud']) {
      expect((await askNarrow('loadModel', { values: { model } })).status).toBe(400);
    }
    expect((await askNarrow('unloadModel', { values: { model: 'never heard of' } })).status).toBe(400);
    const override = { values: { model: 'fraud' }, body: '{"parameters":{"config":"{}"}}' };
    expect((await askNarrow('loadModel', override)).status).toBe(501);
  });

  it('unloading, loading, and loading from a repository that is gone', async () => {
    const fraud = { values: { model: 'fraud', version: '1' } };
    expect((await askNarrow('unloadModel', fraud)).status).toBe(200);
    expect((await askNarrow('modelReady', fraud)).status).toBe(503);
    expect((await askNarrow('loadModel', fraud)).status).toBe(200);
    expect((await askNarrow('modelInfer', infer('fraud', INFER_REQUESTS.fraud?.value))).status).toBe(200);
    await rm(repository, { recursive: true });
    expect((await askNarrow('loadModel', fraud)).status).toBe(503);
  });

  it('has given every documented answer by now', () => {
    const missing = contract.documented.filter((one) => !contract.seen.has(one));
    expect(missing.toSorted()).toEqual(NOT_PROVOKED.toSorted());
  });

  /** The JSON in front of binary outputs satisfies the schema too, and their sizes add up. */
  function validateBinary(headers: Headers, body: Buffer): void {
    const jsonBytes = Number(headers.get('inference-header-content-length'));
    const value = JSON.parse(body.subarray(0, jsonBytes).toString());
    contract.validate({ $ref: '#/components/schemas/InferResponse' }, value, 'binary answer');
    const sizes = value.outputs.map(
      (one: { parameters: { binary_data_size: number } }) => one.parameters.binary_data_size,
    );
    expect(sizes.reduce((sum: number, size: number) => sum + size)).toBe(body.length - jsonBytes);
  }
});

function infer(model: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): ApiRequest {
  return {
    values: { model, version: '1' },
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

function binary(model: string, jsonBytes: number, body: Uint8Array<ArrayBuffer>): ApiRequest {
  return {
    values: { model, version: '1' },
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(jsonBytes),
    },
    body,
  };
}

/** Floating-point results differ in their last digits from processor to processor. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, one) =>
    typeof one === 'number' ? Math.round(one * 1e4) / 1e4 : one,
  );
}

/** Process ids of the workers that take requests. */
async function pidsOf(server: TestServer, model: string): Promise<number[]> {
  return (await activeWorkers(server, model)).map(({ pid }) => pid);
}

async function activeWorkers(server: TestServer, model: string): Promise<WorkerView[]> {
  return (await workersOf(server.url, model)).filter(({ status }) => status === 'ACTIVE');
}

/** Announces a body and does not send it; `fetch` could not. */
async function stall(
  server: TestServer,
  path: string,
): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const connection = await RawConnection.open(server);
  const target = path.replace('{model}', 'fraud').replace('{version}', '1');
  await connection.send(`${postHead(target, 'Content-Length: 10')}{`);
  const { status, head, body } = await connection.lastAnswer();
  const [, ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(': ', 2) as [string, string]));
  return { status, headers, body: Buffer.from(body) };
}
