/** Gateways and workers as processes of their own over one Redis: what they say, serve, leave behind and refuse. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type TcpSocketConnectOpts } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../src/channel/endpoint.ts';
import { turntable } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Load, startLoad } from '../support/load.ts';
import { activeWorkers, tableOf } from '../support/members.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { removeRow } from '../support/remove-row.ts';
import {
  type RoleProcess,
  startControllerProcess,
  startGateway,
  startWorkerByHand,
} from '../support/roles.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';
import { isAlive, type WorkerView, workersOf } from '../support/workers.ts';

const PASSWORD = 'open-sesame';
let redis: RedisServer;
/** Its URL with the password. */
let table: string;
let tables = 0;

beforeAll(async () => {
  redis = await startRedis({ listen: 'tcp', password: PASSWORD });
  table = redis.url.replace('://', `://:${PASSWORD}@`);
});

afterAll(() => redis?.[Symbol.asyncDispose]());

/** Each test has a table of its own. */
let options: { table: string; flags: string[] };
let started: RoleProcess[];
let load: Load | undefined;

beforeEach(() => {
  options = { table, flags: ['--table-prefix', `t${tables++}`] };
  started = [];
});

afterEach(async () => {
  await load?.stop();
  load = undefined;
  await Promise.all(started.map((one) => one.close()));
});

async function run<T extends RoleProcess>(process: Promise<T>): Promise<T> {
  const one = await process;
  started.push(one);
  return one;
}

async function answers(more: number): Promise<void> {
  const running = load as Load;
  const wanted = running.answered + more;
  await eventually(`${more} more answers`, () => running.answered >= wanted);
}

describe('a worker started by hand', () => {
  it('is seen by every gateway, takes their requests, and leaves no row when it leaves in order', async () => {
    const [one, other, worker] = await Promise.all([
      run(startGateway(options)),
      run(startGateway(options)),
      run(startWorkerByHand('fraud', options)),
    ]);
    for (const gateway of [one, other]) {
      const [row] = await activeWorkers(gateway, 1);
      expect(row).toMatchObject({
        id_worker: worker.id_worker,
        endpoint: worker.endpoint,
        version: '1',
        pid: worker.pid,
        supervised: false,
        revision: expect.stringMatching(/^\w+$/),
      });
      load = startLoad({ url: gateway.url, clients: 2 });
      await answers(20);
      expect((await load.stop()).failures).toEqual([]);
    }
    expect(worker.endpoint).toMatch(/^turntable:\/\/127\.0\.0\.1:\d+$/);
    const document = await eventually('both gateways', async () => {
      const seen = await tableOf(one);
      return seen.gateways.length === 2 ? seen : undefined;
    });
    expect(document).toMatchObject({ table: { available: true, reason: '' }, controllers: [] });
    expect(document.gateways.map(({ id_gateway }) => id_gateway).toSorted()).toEqual(
      [one.id_gateway, other.id_gateway].toSorted(),
    );
    const { stdout } = await turntable(['workers', '--server', other.url]);
    expect(stdout).toContain(one.id_gateway);

    worker.signal('SIGTERM');
    expect(await worker.exited).toBe('code 0');
    await eventually('its row to be gone', async () => (await workersOf(one.url)).length === 0);
    expect([one.output, other.output, worker.output].join('')).not.toContain(PASSWORD);
  });

  it('that is asked to go under load loses no request', async () => {
    const gateway = await run(startGateway(options));
    const [leaves] = await Promise.all([
      run(startWorkerByHand('fraud', options)),
      run(startWorkerByHand('fraud/1', options)),
    ]);
    await activeWorkers(gateway, 2);
    load = startLoad({ url: gateway.url });
    await answers(100);
    leaves.signal('SIGTERM');
    expect(await leaves.exited).toBe('code 0');
    await answers(100);
    expect((await load.stop()).failures).toEqual([]);
    await activeWorkers(gateway, 1);
  });

  it('drains and goes when somebody retires it', async () => {
    const gateway = await run(startGateway(options));
    const worker = await run(startWorkerByHand('fraud', options));
    await activeWorkers(gateway, 1);
    const prefix = options.flags[1];
    await redis.cli('HSET', `{${prefix}}:worker:${worker.id_worker}`, 'status', 'UPDATING');
    expect(await worker.exited).toBe('code 0');
  });

  it('ends with 1 and says why when its row is removed', async () => {
    await run(startGateway(options));
    const worker = await run(startWorkerByHand('fraud', options));
    await removeRow(redis, options.flags[1] as string, worker.id_worker);
    expect(await worker.exited).toBe('code 1');
    expect(worker.output.match(/somebody removed this worker from the control table/g)).toHaveLength(1);
  });

  it('that finishes what it has ends at once, with 1, when it is asked a second time', async () => {
    const worker = await run(
      startWorkerByHand('fraud', { ...options, env: { TURNTABLE_LOG_LEVEL: 'info' } }),
    );
    // Nobody there says that it sends no more, which is waited for.
    const stranger = connect(parseEndpoint(worker.endpoint) as TcpSocketConnectOpts).on('error', () => {});
    await once(stranger, 'connect');
    worker.signal('SIGINT');
    await eventually('its farewell', () => worker.output.includes('shutting down'));
    worker.signal('SIGINT');
    expect(await worker.exited).toBe('code 1');
    stranger.destroy();
  });

  it('is reached under the name that it is told to give', async () => {
    const gateway = await run(startGateway(options));
    const port = await freePort();
    const flags = [...options.flags, '--host', '0.0.0.0', '--port', `${port}`, '--advertise', 'localhost'];
    const worker = await run(startWorkerByHand('fraud', { ...options, flags }));
    expect(worker.endpoint).toBe(`turntable://localhost:${port}`);
    await activeWorkers(gateway, 1);
    load = startLoad({ url: gateway.url, clients: 2 });
    await answers(10);
    expect((await load.stop()).failures).toEqual([]);
  });
});

describe('a controller', () => {
  it('keeps workers that a gateway of another process uses; another controller stands by', async () => {
    const gateway = await run(startGateway(options));
    const flags = [...options.flags, '--replicas', '1', '--worker-host', '127.0.0.1'];
    const acting = await run(startControllerProcess({ ...options, flags }));
    const standby = await run(startControllerProcess({ ...options, flags }));
    const [row] = await activeWorkers(gateway, 1);
    expect(row).toMatchObject({
      supervised: true,
      endpoint: expect.stringMatching(/^turntable:\/\/127\.0\.0\.1:\d+$/),
    });
    // Controllers give a sign of life twice a second.
    const controllers = await eventually('both controllers', async () => {
      const document = await tableOf(gateway);
      return document.controllers.length === 2 ? document.controllers : undefined;
    });
    expect(controllers.find(({ acting }) => acting)?.id_controller).toBe(acting.id_controller);
    expect(controllers.map(({ id_controller }) => id_controller)).toContain(standby.id_controller);
    expect(acting.output).toMatch(/^It acts\.$/m);
    expect(standby.output).toMatch(/^It stands by\.$/m);
    load = startLoad({ url: gateway.url, clients: 2 });
    await answers(20);
    expect((await load.stop()).failures).toEqual([]);
  });

  it('that is killed leaves its workers serving', async () => {
    const gateway = await run(startGateway(options));
    const flags = [...options.flags, '--replicas', '1'];
    const controller = await run(startControllerProcess({ ...options, flags }));
    const [row] = await activeWorkers(gateway, 1);
    load = startLoad({ url: gateway.url, clients: 2 });
    controller.signal('SIGKILL');
    await controller.exited;
    await answers(100);
    expect((await load.stop()).failures).toEqual([]);
    expect(isAlive((row as WorkerView).pid)).toBe(true);
    expect(await workersOf(gateway.url, 'fraud')).toMatchObject([
      { id_worker: row?.id_worker, status: 'ACTIVE' },
    ]);
  });
});

describe('an outage of the table', () => {
  it('is shown with its reason and beginning, while requests go on', async () => {
    await using own = await startRedis();
    const gateway = await run(startGateway({ table: own.url }));
    await run(startWorkerByHand('fraud', { table: own.url }));
    await activeWorkers(gateway, 1);
    load = startLoad({ url: gateway.url, clients: 2 });
    const before = Date.now();
    await own.kill();
    const { table } = await eventually('the outage', async () => {
      const document = await tableOf(gateway);
      return document.table.available ? undefined : document;
    });
    expect(table.reason).not.toBe('');
    expect(Date.parse(table.since)).toBeGreaterThan(before - 1_000);
    const { stdout } = await turntable(['workers', '--server', gateway.url]);
    expect(stdout).toMatch(/^The table is away since \d{4}-\S+ \(\d+ s\): \S/m);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/^turntable_table_up 0$/m);
    expect(metrics).toMatch(/^turntable_table_outages_total 1$/m);
    await answers(20);
    await own.restart();
    const { table: back } = await eventually('the table to be back, with the worker', async () => {
      const document = await tableOf(gateway);
      return document.table.available && document.workers.length === 1 ? document : undefined;
    });
    expect(back.reason).toBe('');
    await answers(20);
    expect((await load.stop()).failures).toEqual([]);
  });
});

// Each takes the ten seconds that a process waits for its table.
describe.concurrent('a table that cannot be used', () => {
  const COMMANDS: [string, string[]][] = [
    ['gateway', ['--port', '0']],
    ['worker', ['fraud', '--repository', 'examples/models']],
    ['controller', ['examples/models']],
    ['serve', ['examples/models', '--port', '0']],
  ];

  it.each(COMMANDS)('because of its password ends %s with 3 and does not show it', async (command, args) => {
    const wrong = redis.url.replace('://', '://:not-sesame@');
    const { code, stdout, stderr } = await turntable([command, ...args], {
      env: { TURNTABLE_TABLE: wrong, TURNTABLE_LOG_LEVEL: 'error' },
    });
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(
      `the process control table at ${redis.url.replace('://', '://:***@')} cannot be`,
    );
    expect(stderr).toContain('WRONGPASS');
    expect(stderr).not.toContain('sesame');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each(COMMANDS)('because nobody listens there ends %s with 3 and advice', async (command, args) => {
    const { code, stdout, stderr } = await turntable(
      [command, ...args, '--table', `redis://127.0.0.1:${await freePort()}`],
      { env: { TURNTABLE_LOG_LEVEL: 'error' } },
    );
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/ECONNREFUSED.*; see that Redis runs there/);
  });
});

describe('a model that a worker cannot serve', () => {
  let repository: TemporaryRepository;

  beforeAll(() => {
    repository = temporaryRepository('fraud');
    mkdirSync(join(repository.path, 'broken/1'), { recursive: true });
    writeFileSync(join(repository.path, 'broken/1/model.onnx'), 'not a model');
  });

  afterAll(() => repository?.remove());

  it.each([
    ['is not there', 'nobody', /"nobody" cannot be served: nobody: does not exist/],
    ['has no such version', 'fraud/7', /"fraud\/7" cannot be served: served of fraud: 1$/m],
    ['does not load', 'broken', /ONNX Runtime cannot load model\.onnx/],
    ['has a name that leads elsewhere', '../fraud', /cannot be served/],
  ])('because it %s ends it with 1 and says so', async (_, model, message) => {
    const { code, stdout, stderr } = await turntable(
      ['worker', model, '--repository', repository.path, ...options.flags],
      { env: { TURNTABLE_TABLE: table } },
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
