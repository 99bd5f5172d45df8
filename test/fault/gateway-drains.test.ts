/** A gateway is asked to stop: it takes nothing new and says so, finishes what it holds, within its limit, and is gone. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ServerRequest } from '../../src/channel/server-connection.ts';
import type { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { startChannelWorker, TIMED_MODEL } from '../support/channel-worker.ts';
import { eventually } from '../support/eventually.ts';
import { activeWorkers } from '../support/members.ts';
import { openTable } from '../support/open-table.ts';
import { inferText, postHead, RawConnection } from '../support/raw-connection.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type GatewayProcess, startGateway } from '../support/roles.ts';
import { runningThings } from '../support/running.ts';

const { run } = runningThings();
const PREFIX = 'drain';
const TIMINGS = { queueUs: 0, decodeUs: 0, inferUs: 0, encodeUs: 0, batchRows: 1, rows: 1 };
const REQUEST = inferText(TIMED_MODEL, { inputs: [] });
const LIVE = 'GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n';
const READY = 'GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n';

let redis: RedisServer;
let table: RedisControlTable;
let worker: AsyncDisposable;
/** Requests that the worker has and does not answer before it is told to. */
let held: ServerRequest[] = [];

beforeAll(async () => {
  redis = await startRedis();
  table = await openTable(redis.url, PREFIX);
  worker = await startChannelWorker({
    ...{ table, id_worker: 'timed-1-0', slots: 100, maxRequests: 100 },
    onRequest: (request) => held.push(request),
  });
});
afterEach(() => answerAll());
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]();
  await table?.close();
  await redis?.[Symbol.asyncDispose]();
});

/** @param bytes of each answer */
function answerAll(bytes = 100): void {
  for (const request of held) request.respond(Buffer.alloc(bytes, 'a'), undefined, TIMINGS);
  held = [];
}

async function startVictim(...flags: readonly string[]): Promise<GatewayProcess> {
  const gateway = await run(startGateway({ table: redis.url, flags: ['--table-prefix', PREFIX, ...flags] }));
  await activeWorkers(gateway, 1, TIMED_MODEL);
  return gateway;
}

/** A connection whose request is with the worker. */
async function underWay(gateway: GatewayProcess, request = REQUEST): Promise<RawConnection> {
  const before = held.length;
  const connection = await RawConnection.open(gateway);
  await connection.send(request);
  await eventually('the request to be with the worker', () => held.length > before);
  return connection;
}

/** A connection that has had an answer and is kept for more. */
async function keptAlive(gateway: GatewayProcess): Promise<RawConnection> {
  const connection = await RawConnection.open(gateway);
  await connection.send(READY);
  expect((await connection.answer(0)).status).toBe(200);
  return connection;
}

async function terminated(gateway: GatewayProcess): Promise<void> {
  gateway.signal('SIGTERM');
  await eventually('it to listen no more', async () => !(await listens(gateway)));
}

/** Time that idle connections are left while nothing is under way. */
async function moreThanTheGrace(): Promise<void> {
  const until = performance.now() + 1_500;
  await eventually('the time to pass', () => performance.now() > until);
}

function listens({ url }: GatewayProcess): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      code === 'ECONNREFUSED' ? resolve(false) : reject(new Error(code)),
    );
  });
}

it('refuses new connections, is not ready, answers what is under way, and exits with 0', async () => {
  const gateway = await startVictim();
  const idle = await keptAlive(gateway);
  const busy = await underWay(gateway);
  await terminated(gateway);
  await idle.send(READY);
  const ready = await idle.answer(1);
  expect(ready).toMatchObject({ status: 503, head: expect.stringMatching(/^connection: close$/im) });
  expect(JSON.parse(ready.body)).toMatchObject({ ready: false });
  answerAll();
  // It says that no more is taken on this connection, so that no client sends more just as it is closed.
  expect(await busy.lastAnswer()).toMatchObject({
    status: 200,
    head: expect.stringMatching(/^connection: close$/im),
  });
  expect(await gateway.exited).toBe('code 0');
});

it('takes requests that come on connections that it has, while others are under way', async () => {
  const gateway = await startVictim();
  const idle = await keptAlive(gateway);
  const busy = await underWay(gateway);
  await terminated(gateway);
  await idle.send(REQUEST);
  await eventually('both to be with the worker', () => held.length === 2);
  answerAll();
  expect((await busy.lastAnswer()).status).toBe(200);
  expect((await idle.lastAnswer()).status).toBe(200);
  expect(await gateway.exited).toBe('code 0');
});

it('lets those in that had connected before, though it had no time for them yet', async () => {
  const gateway = await startVictim();
  gateway.signal('SIGSTOP');
  const waiting = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(gateway)));
  for (const connection of waiting) await connection.send(LIVE);
  gateway.signal('SIGTERM');
  gateway.signal('SIGCONT');
  for (const connection of waiting) expect((await connection.answer()).status).toBe(200);
  expect(await gateway.exited).toBe('code 0');
});

it('answers all of several requests under way on one connection', async () => {
  const gateway = await startVictim();
  const busy = await underWay(gateway, LIVE + REQUEST.repeat(3));
  await eventually('all to be with the worker', () => held.length === 3);
  await terminated(gateway);
  answerAll();
  await busy.lastAnswer();
  expect(busy.answers().map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await gateway.exited).toBe('code 0');
});

it('answers what came on a connection behind the request under way', async () => {
  const gateway = await startVictim();
  const busy = await underWay(gateway, REQUEST.repeat(3));
  await terminated(gateway);
  answerAll();
  await eventually('the others to be with the worker', () => held.length === 2);
  answerAll();
  await busy.lastAnswer();
  expect(busy.answers().map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await gateway.exited).toBe('code 0');
});

it('has a body that comes slowly come in, and answers it', async () => {
  const gateway = await startVictim();
  const body = REQUEST.slice(REQUEST.indexOf('{'));
  const slow = await RawConnection.open(gateway);
  await slow.send(postHead(`/v2/models/${TIMED_MODEL}/infer`, `Content-Length: ${body.length}`));
  await slow.send(body.slice(0, 3));
  await terminated(gateway);
  await moreThanTheGrace();
  await slow.send(body.slice(3));
  await eventually('it to be with the worker', () => held.length === 1);
  answerAll();
  expect((await slow.lastAnswer()).status).toBe(200);
  expect(await gateway.exited).toBe('code 0');
});

it('sends all of a large answer to a client that reads late', async () => {
  const gateway = await startVictim();
  const idle = await keptAlive(gateway);
  const late = await underWay(gateway);
  late.pause();
  answerAll(20_000_000);
  await terminated(gateway);
  await moreThanTheGrace();
  expect(late.closed).toBe(false);
  late.resume();
  expect((await late.lastAnswer()).body).toHaveLength(20_000_000);
  await eventually('the idle to be closed', () => idle.closed);
  expect(await gateway.exited).toBe('code 0');
});

it('cuts what is still under way at its limit', async () => {
  const gateway = await startVictim('--drain-ms', '3000');
  const busy = await underWay(gateway);
  gateway.signal('SIGTERM');
  const start = performance.now();
  expect(await gateway.exited).toBe('code 0');
  expect(performance.now() - start).toBeGreaterThan(2_900);
  await eventually('its end', () => busy.closed);
  expect(busy.answers()).toEqual([]);
});

it('is not held up by connections on which nothing ever came', async () => {
  const gateway = await startVictim('--headers-timeout-ms', '600000', '--receive-timeout-ms', '600000');
  const silent = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(gateway)));
  gateway.signal('SIGTERM');
  expect(await gateway.exited).toBe('code 0');
  await eventually('them to be closed', () => silent.every(({ closed }) => closed));
  expect(silent.flatMap((one) => one.answers())).toEqual([]);
});
