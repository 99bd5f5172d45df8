/** A gateway in several threads: to clients, operators and workers it is one gateway on one port. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { turntable } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { activeWorkers, allCountsZero, tableOf } from '../support/members.ts';
import { inferText, RawConnection } from '../support/raw-connection.ts';
import { startRedis } from '../support/redis-server.ts';
import { startGateway, startWorkerByHand } from '../support/roles.ts';
import { runningThings } from '../support/running.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { workersOf } from '../support/workers.ts';

const THREADS = ['--gateway-threads', '2', '--replicas', '2'];
const FRAUD = JSON.parse(readFileSync('examples/requests/fraud.json', 'utf8')) as object;
const INFER = inferText('fraud', FRAUD);
const LAST_INFER = inferText('fraud', FRAUD, 'Connection: close');

/** What a server answers to one request on a connection of its own: which thread it reaches is left to the kernel. */
async function onConnection(server: { readonly url: string }, text: string) {
  const connection = await RawConnection.open(server);
  await connection.send(text);
  return connection.lastAnswer();
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
}

function postEmpty(path: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
}

/** So many that all reach the same thread of two once in a million runs. */
const ENOUGH = 20;

async function onManyConnections(server: { readonly url: string }, text: string) {
  return Promise.all(Array.from({ length: ENOUGH }, () => onConnection(server, text)));
}

/** Inference requests that each thread has logged, by its id. */
function loggedBy(output: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of output.split('\n').filter((one) => one.startsWith('{'))) {
    const { msg, id_gateway } = JSON.parse(line) as { msg: string; id_gateway: string };
    if (msg === 'request') counts.set(id_gateway, (counts.get(id_gateway) ?? 0) + 1);
  }
  return counts;
}

describe('two threads', () => {
  let server: TestServer;
  beforeAll(async () => {
    const env = { TURNTABLE_LOG_LEVEL: 'info' };
    server = await startServer({ flags: [...THREADS, '--access-log'], env });
  });
  afterAll(() => server?.close());

  it('are gateways of their own in the table, and both serve', async () => {
    for (const { status, body } of await onManyConnections(server, LAST_INFER)) {
      expect(status).toBe(200);
      expect(body).toContain('"data":[1,0]');
    }
    const ids = (await tableOf(server)).gateways.map(({ id_gateway }) => id_gateway);
    expect(ids).toEqual([expect.stringMatching(/^gw-\w+-1$/), expect.stringMatching(/^gw-\w+-2$/)]);
    await eventually('both to have logged requests', () => loggedBy(server.output).size === 2);
    expect([...loggedBy(server.output).keys()].sort()).toEqual(ids);
  });

  it('count together, whichever is asked', async () => {
    const labels = { model: 'fraud', status: '200' };
    const before = await metric(server, 'turntable_requests_total', labels);
    await onManyConnections(server, LAST_INFER);
    // An answer is counted when it has left.
    await eventually(
      'all to be counted',
      async () => (await metric(server, 'turntable_requests_total', labels)) === before + ENOUGH,
    );
    const total = before + ENOUGH;
    for (const { body } of await onManyConnections(server, get('/metrics'))) {
      expect(body).toContain(`turntable_requests_total{model="fraud",version="1",status="200"} ${total}\n`);
      expect(body).toContain(
        `turntable_request_duration_seconds_count{model="fraud",version="1"} ${total}\n`,
      );
      // What is of the table or the process is not told twice.
      expect(body).toContain('turntable_workers{model="fraud",version="1",status="ACTIVE"} 2\n');
      expect(body).toContain('turntable_gateways 2\n');
      expect(body).toMatch(/^turntable_build_info\{version="[^"]+"\} 1$/m);
      expect(
        Math.abs(Number(/^process_start_time_seconds (\S+)$/m.exec(body)?.[1]) - Date.now() / 1e3),
      ).toBeLessThan(3_600);
      expect(body.match(/^# TYPE process_cpu_seconds_total /gm)).toHaveLength(1);
    }
    for (const path of ['/v2/models/stats', '/v2/models/fraud/stats', '/v2/models/fraud/versions/1/stats']) {
      for (const { body } of await onManyConnections(server, get(path))) {
        const { model_stats } = JSON.parse(body);
        const fraud = model_stats.find(({ name }: { name: string }) => name === 'fraud');
        expect(fraud.inference_stats.success.count).toBe(total);
        expect(fraud.inference_count).toBe(2 * total);
        expect(fraud.batch_stats.length).toBeGreaterThan(0);
      }
    }
  });

  it('give the other documents alike', async () => {
    for (const path of ['/v2/health/ready', '/v2/models', '/v2/models/fraud', '/v2/models/fraud/ready']) {
      const answers = await onManyConnections(server, get(path));
      expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
      expect(answers[0]?.status).toBe(200);
    }
  });

  it('all know what a command has changed when it is answered', async () => {
    for (let i = 0; i < 3; i++) {
      expect((await onConnection(server, postEmpty('/v2/repository/models/digits/unload'))).status).toBe(200);
      for (const { status } of await onManyConnections(server, get('/v2/models/digits/ready'))) {
        expect(status).not.toBe(200);
      }
      expect((await onConnection(server, postEmpty('/v2/repository/models/digits/load'))).status).toBe(200);
      for (const { status } of await onManyConnections(server, get('/v2/models/digits')))
        expect(status).toBe(200);
    }
  });

  it('answer on 1,000 connections, on each of which several requests come', async () => {
    const connections = await Promise.all(Array.from({ length: 1_000 }, () => RawConnection.open(server)));
    for (let turn = 0; turn < 3; turn++) {
      await Promise.all(connections.map((connection) => connection.send(INFER)));
      for (const connection of connections) expect((await connection.answer(turn)).status).toBe(200);
    }
    for (const connection of connections) connection.destroy();
    await allCountsZero(server);
  });
});

describe('two threads under load', () => {
  const { run, load, answers, endLoad } = runningThings();

  it('add up to what is under way, lose nothing with a worker that is killed, and come back to 0', async () => {
    const server = await run(startServer({ flags: THREADS }));
    load({ url: server.url, clients: 40 });
    await answers(200);
    // Of closed-loop clients nearly all wait for a worker at any time.
    await eventually('both threads to be seen in the counts', async () => {
      const workers = await workersOf(server.url, 'fraud');
      return workers.reduce((sum, { current_requests }) => sum + current_requests, 0) > 20;
    });
    const [victim] = await workersOf(server.url, 'fraud');
    process.kill(victim!.pid, 'SIGKILL');
    await answers(1_000);
    expect((await endLoad()).failures).toEqual([]);
    await allCountsZero(server);
    expect(await metric(server, 'turntable_requests_in_flight')).toBe(0);
  });

  it('asked to stop with SIGTERM answer what is under way, and the process exits with 0', async () => {
    const server = await run(startServer({ flags: THREADS }));
    const running = load({ url: server.url, clients: 40 });
    await answers(100);
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(running.answered).toBeGreaterThan(100);
    const { failures } = await endLoad();
    expect(failures.filter((failure) => !failure.includes('ECONNREFUSED'))).toEqual([]);
  });

  it('let those in that had connected to either before, though they had no time for them yet', async () => {
    const server = await run(startServer({ flags: THREADS }));
    process.kill(server.pid, 'SIGSTOP');
    const waiting = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(server)));
    for (const connection of waiting) await connection.send(INFER);
    process.kill(server.pid, 'SIGTERM');
    process.kill(server.pid, 'SIGCONT');
    for (const connection of waiting) expect((await connection.answer()).status).toBe(200);
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  it('of which one dies: the other answers what it has, and the process exits with 1', async () => {
    const env = { NODE_OPTIONS: `--import ${new URL('../support/thread-fault.ts', import.meta.url)}` };
    const server = await run(startServer({ flags: THREADS, env }));
    const pids = (await workersOf(server.url)).map(({ pid }) => pid);
    expect(pids).toHaveLength(4);
    load({ url: server.url, clients: 40 });
    await answers(100);
    const answer = await onConnection(server, get('/v2/models/throw-in-this-thread'));
    expect(answer.status).toBe(404);
    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(server.output).toContain('a thread of the gateway died');
    // Each of the clients of the thread that died lost one at most.
    const { failures } = await endLoad();
    const lost = failures.filter((failure) => !failure.includes('ECONNREFUSED'));
    expect(lost.length).toBeLessThan(40);
    for (const failure of lost) expect(failure).toMatch(/ECONNRESET|socket hang up/);
  });
});

describe('two threads over Redis', () => {
  const { run } = runningThings();

  it('are seen by other gateways, go on while Redis is away, and hear from it again', async () => {
    const redis = await run(startRedis());
    const table = redis.url;
    const other = await run(startGateway({ table }));
    const gateway = await run(startGateway({ table, flags: ['--gateway-threads', '2'] }));
    await run(startWorkerByHand('fraud', { table }));
    await activeWorkers(gateway, 1);
    await activeWorkers(other, 1);
    const ids = [other.id_gateway, `${gateway.id_gateway}-1`, `${gateway.id_gateway}-2`].sort();
    await eventually('all to see all', async () => {
      const seen = await Promise.all([tableOf(other), tableOf(gateway)]);
      return seen.every(({ gateways }) => gateways.map(({ id_gateway }) => id_gateway).join() === ids.join());
    });
    await redis.kill();
    await eventually('it to be seen', async () => (await metric(gateway, 'turntable_table_up')) === 0);
    for (const { status } of await onManyConnections(gateway, LAST_INFER)) expect(status).toBe(200);
    expect(await metric(gateway, 'turntable_table_outages_total')).toBe(1);
    await redis.restart();
    await eventually('it to be back', async () => (await metric(gateway, 'turntable_table_up')) === 1);
    await run(startWorkerByHand('digits', { table }));
    await activeWorkers(gateway, 1, 'digits');
    gateway.signal('SIGTERM');
    expect(await gateway.exited).toBe('code 0');
    // Taken back, and not left to lapse.
    expect(await redis.cli('ZRANGE', '{turntable}:gateways', '0', '-1')).toEqual([other.id_gateway]);
  });
});

describe('a port that is taken', () => {
  const refusal = (port: string) =>
    `turntable: listen EADDRINUSE: address already in use 127.0.0.1:${port}: another program listens there; choose another with --port\n`;
  const start = (port: string) =>
    turntable(['serve', 'examples/models', '--port', port, ...THREADS], {
      env: { TURNTABLE_LOG_LEVEL: 'silent' },
    });

  it('by another program is told as ever', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = String((other.address() as AddressInfo).port);
    expect(await start(port)).toMatchObject({ code: 1, stdout: '', stderr: refusal(port) });
    other.close();
  });

  it('by another gateway in threads is not shared with it', async () => {
    await using server = await startServer({ flags: THREADS });
    const { port } = new URL(server.url);
    expect(await start(port)).toMatchObject({ code: 1, stdout: '', stderr: refusal(port) });
  });
});
