/** Servers that are there already, as workers of a shared table: answers, deaths, returns, leaving, and what is refused. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { turntable } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Load, startLoad } from '../support/load.ts';
import { activeWorkers } from '../support/members.ts';
import {
  type Answer,
  binaryParts,
  binaryRequest,
  errorOf,
  getJson,
  infer,
  outputsOf,
  post,
} from '../support/oip-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { removeRow } from '../support/remove-row.ts';
import {
  type RoleProcess,
  startAttached,
  startControllerProcess,
  startGateway,
  startWorkerByHand,
} from '../support/roles.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';
import { workersOf } from '../support/workers.ts';

const REQUEST = readFileSync('examples/requests/fraud.json', 'utf8');
let redis: RedisServer;
/** Another Turntable, with a table of its own, that serves the examples. */
let upstream: TestServer;
let port: number;
/** Holds no model, so that a controller of it is a watchdog alone. */
let empty: TemporaryRepository;
let tables = 0;

beforeAll(async () => {
  empty = temporaryRepository();
  port = await freePort();
  [redis, upstream] = await Promise.all([startRedis(), startUpstream()]);
});

afterAll(async () => {
  await upstream?.close();
  await redis?.[Symbol.asyncDispose]();
  empty?.remove();
});

function startUpstream(): Promise<TestServer> {
  return startServer({ flags: ['--port', String(port), '--replicas', '1'] });
}

/** Each test has a table of its own. */
let options: { table: string; flags: string[] };
let started: RoleProcess[];
let servers: Server[];
let load: Load | undefined;

beforeEach(() => {
  options = { table: redis.url, flags: ['--table-prefix', `a${tables++}`] };
  started = [];
  servers = [];
});

afterEach(async () => {
  await load?.stop();
  load = undefined;
  await Promise.all(started.map((one) => one.close()));
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function run<T extends RoleProcess>(process: Promise<T>): Promise<T> {
  const one = await process;
  started.push(one);
  return one;
}

const gateway = (...flags: string[]) =>
  run(startGateway({ ...options, flags: [...options.flags, ...flags] }));

const attach = (url: string, model: string, ...flags: string[]) =>
  run(startAttached(url, model, { ...options, flags: [...options.flags, ...flags] }));

async function answers(more: number): Promise<void> {
  const running = load as Load;
  const wanted = running.answered + more;
  await eventually(`${more} more answers`, () => running.answered >= wanted);
}

/** A server in this process; what it does not know it answers with 404. */
async function serve(routes: Readonly<Record<string, RequestListener>>): Promise<string> {
  const server = createServer((req, res) => {
    const route = routes[`${req.method} ${req.url}`];
    if (route) route(req, res);
    else res.writeHead(404).end('{"error":"no such path"}');
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ok: RequestListener = (_, res) => res.writeHead(200).end('{}');

const inferFraud = (url: string): Promise<Answer> => post(`${url}/v2/models/fraud/infer`, REQUEST);

describe('a server that is attached', () => {
  it('answers through the gateway what it answers itself, errors and binary tensors included', async () => {
    const front = await gateway();
    const attached = await attach(upstream.url, 'fraud', '--slots', '7', '--weight', '3');
    const [row] = await activeWorkers(front, 1);
    expect(row).toMatchObject({
      id_worker: attached.id_worker,
      endpoint: upstream.url,
      version: '1',
      slots: 7,
      weight: 3,
      supervised: false,
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(outputsOf(await inferFraud(front.url))).toEqual(outputsOf(await inferFraud(upstream.url)));
    expect(await getJson(`${front.url}/v2/models/fraud`)).toEqual(
      await getJson(`${upstream.url}/v2/models/fraud`),
    );

    const [wrong, wrongThere] = await Promise.all(
      [front, upstream].map((one) =>
        infer(one, 'fraud', [{ name: 'none', datatype: 'FP32', shape: [1], data: [1] }]),
      ),
    );
    expect(wrong?.status).toBe(400);
    expect(errorOf(wrong as Answer)).toBe(errorOf(wrongThere as Answer));

    const { body, headers } = binaryRequest(
      {
        inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 30], parameters: { binary_data_size: 120 } }],
        parameters: { binary_data_output: true },
      },
      new Uint8Array(new Float32Array(30).buffer),
    );
    const [binary, there] = await Promise.all(
      [front, upstream].map((one) => post(`${one.url}/v2/models/fraud/infer`, body, headers)),
    );
    expect(binaryParts(binary as Answer)).toEqual(binaryParts(there as Answer));
  });

  it('that dies is in ERROR and requests are refused soon; it serves again when it is back', async () => {
    const front = await gateway('--max-wait-ms', '500');
    await run(startControllerProcess({ ...options, repository: empty.path }));
    await attach(upstream.url, 'fraud', '--heartbeat-ms', '200');
    await activeWorkers(front, 1);
    expect((await inferFraud(front.url)).status).toBe(200);
    process.kill(upstream.pid, 'SIGKILL');
    await upstream.exited;
    expect([502, 503]).toContain((await inferFraud(front.url)).status);
    await eventually('the row to be in ERROR', async () => {
      const [row] = await workersOf(front.url);
      return row?.status === 'ERROR' && row.reason !== '';
    });
    upstream = await startUpstream();
    await activeWorkers(front, 1);
    await eventually('an answer', async () => (await inferFraud(front.url)).status === 200);
    load = startLoad({ url: front.url, clients: 4 });
    await answers(50);
    expect((await load.stop()).failures).toEqual([]);
  }, 60_000);

  it('gets another row when its own was removed', async () => {
    const front = await gateway();
    const attached = await attach(upstream.url, 'fraud', '--heartbeat-ms', '100');
    await activeWorkers(front, 1);
    await removeRow(redis, options.flags[1] as string, attached.id_worker);
    const row = await eventually('another row', async () =>
      (await workersOf(front.url)).find(
        ({ id_worker, status }) => id_worker !== attached.id_worker && status === 'ACTIVE',
      ),
    );
    expect(row.endpoint).toBe(upstream.url);
  });

  it('leaves no row and loses no request when its process is asked to end under load', async () => {
    const front = await gateway();
    const [attached] = await Promise.all([
      attach(upstream.url, 'fraud'),
      run(startWorkerByHand('fraud', options)),
    ]);
    await activeWorkers(front, 2);
    load = startLoad({ url: front.url });
    await answers(100);
    attached.signal('SIGTERM');
    expect(await attached.exited).toBe('code 0');
    await activeWorkers(front, 1);
    await answers(100);
    expect((await load.stop()).failures).toEqual([]);
  });

  it('leaves only when what it has is answered', async () => {
    let answer: (() => void) | undefined;
    const url = await serve({
      'GET /v2/health/ready': ok,
      'GET /v2/models/slow': ok,
      'POST /v2/models/slow/infer': (_, res) => {
        answer = () => res.writeHead(200).end('{"outputs":[]}');
      },
    });
    const front = await gateway();
    const attached = await attach(url, 'slow', '--not-idempotent');
    await activeWorkers(front, 1, 'slow');
    const request = infer(front, 'slow', []);
    await eventually('the request', () => answer);
    attached.signal('SIGTERM');
    await eventually('it to drain', async () => (await workersOf(front.url))[0]?.status === 'UPDATING');
    // Longer than it waits for gateways to see that.
    const seenAt = performance.now();
    await eventually('a second', () => performance.now() - seenAt > 1_000);
    expect(await workersOf(front.url)).toHaveLength(1);
    answer?.();
    expect((await request).body.toString()).toBe('{"outputs":[]}');
    expect(await attached.exited).toBe('code 0');
    expect(await eventually('no row', async () => (await workersOf(front.url)).length === 0)).toBe(true);
  });

  it('may be one that knows nothing but a path to post to', async () => {
    const url = await serve({ 'POST /predict?raw=1': (req, res) => void req.pipe(res.writeHead(200)) });
    const front = await gateway();
    await attach(`${url}/predict?raw=1`, 'scores', '--model-version', '7');
    await activeWorkers(front, 1, 'scores');
    const answer = await post(`${front.url}/v2/models/scores/versions/7/infer`, '{"rows":[1,2]}');
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"rows":[1,2]}']);
    expect(await getJson(`${front.url}/v2/models/scores`)).toMatchObject({ inputs: [], outputs: [] });
  });

  it('gives no signs of life while it is not ready', async () => {
    let status = 200;
    const url = await serve({
      'GET /v2/health/ready': (_, res) => void res.writeHead(status).end(),
      'GET /v2/models/m': ok,
    });
    const front = await gateway();
    const attached = await attach(url, 'm', '--heartbeat-ms', '100');
    await activeWorkers(front, 1, 'm');
    status = 503;
    await eventually('its log', () => attached.output.includes('no sign of life is given'));
    const lastActivity = async () => (await workersOf(front.url))[0]?.last_activity;
    // One that was given before may still be on its way to the gateway.
    const silentSince = await eventually('none, though five are due', async () => {
      const before = await lastActivity();
      const from = performance.now();
      await eventually('five to be due', () => performance.now() - from > 500);
      return (await lastActivity()) === before && before;
    });
    status = 200;
    await eventually('another', async () => (await lastActivity()) !== silentSince);
  });
});

describe('what cannot be attached', () => {
  const run = (args: readonly string[]) =>
    turntable(['attach', ...args], { env: { TURNTABLE_TABLE: redis.url, TURNTABLE_LOG_LEVEL: 'error' } });

  it.each([
    [['ftp://h', '--model', 'm'], '"ftp://h" is not an endpoint: expected http://host:port'],
    [['http://ann:secret@h', '--model', 'm'], '"http://***@h" is not an endpoint'],
    [['http://h:1'], '--model is ""; it must be given'],
    [['http://h:1', '--model', 'a/b'], '--model is "a/b"'],
    [['http://h:1', '--model', 'm', '--model-version', 'v2'], '--model-version is "v2"'],
    [['http://h:1', '--model', 'm', '--table', ''], 'a server that is attached needs a table'],
  ])('because of the command line %j ends it with 2', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('because it does not serve the model ends it with 1', async () => {
    const { code, stderr } = await run([upstream.url, '--model', 'nobody']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${upstream.url}/v2/models/nobody answers 404: {"error":"unknown model`);
  });

  it('because what it says of the model cannot be read ends it with 1', async () => {
    const url = await serve({
      'GET /v2/health/ready': ok,
      'GET /v2/models/m': (_, res) => void res.end('{"inputs":[{"name":"x","datatype":"BF16","shape":[1]}]}'),
      'GET /v2/models/n': (_, res) => void res.end('<html>'),
    });
    const [m, n] = await Promise.all(['m', 'n'].map((model) => run([url, '--model', model])));
    expect(m).toMatchObject({ code: 1, stderr: expect.stringContaining('inputs.0.datatype') });
    expect(n).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be read: Unexpected token') });
  });

  // These take the ten seconds that it waits for the server.
  it('because nobody answers ends it with 3, because it is not ready with 1', async () => {
    const url = await serve({ 'GET /v2/health/ready': (_, res) => void res.writeHead(503).end() });
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const [away, unready] = await Promise.all([run([nobody, '--model', 'm']), run([url, '--model', 'm'])]);
    expect(away).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`no server answers at ${nobody}`),
    });
    expect(unready).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/v2/health/ready answers 503'),
    });
  });
});
