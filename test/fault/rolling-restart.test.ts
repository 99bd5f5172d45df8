/** Every role is restarted, one process after the other, under load: no request is lost. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startGatewayLoad } from '../support/gateway-load.ts';
import { actingController, activeWorkers, allCountsZero, tableOf } from '../support/members.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  type RoleProcess,
  startControllerProcess,
  startGateway,
  startWorkerByHand,
} from '../support/roles.ts';
import { runningThings } from '../support/running.ts';
import { startServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

// Many processes are started one after the other, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const { run } = runningThings();
let redis: RedisServer;
let repository: TemporaryRepository;

beforeAll(async () => {
  redis = await startRedis();
  repository = temporaryRepository('fraud');
});
afterAll(async () => {
  repository.remove();
  await redis[Symbol.asyncDispose]();
});

async function ends(one: RoleProcess): Promise<void> {
  one.signal('SIGTERM');
  expect(await one.exited).toBe('code 0');
}

it('gateways, workers started by hand and controllers, each in turn', async () => {
  const options = { table: redis.url, flags: ['--table-prefix', 'rolling'] };
  const controller = {
    ...options,
    flags: [...options.flags, '--replicas', '1'],
    repository: repository.path,
  };
  const controllers = [
    await run(startControllerProcess(controller)),
    await run(startControllerProcess(controller)),
  ];
  const gateways = [await run(startGateway(options)), await run(startGateway(options))] as const;
  const [first, second] = gateways;
  const byHand = [
    await run(startWorkerByHand('fraud', options)),
    await run(startWorkerByHand('fraud', options)),
  ];
  await activeWorkers(second, 3);
  const load = startGatewayLoad(gateways.map(({ url }) => url));
  try {
    await load.answers(100);
    for (const worker of byHand) {
      await run(startWorkerByHand('fraud', options));
      await activeWorkers(second, 4);
      await ends(worker);
      await activeWorkers(second, 3);
      await load.answers(100);
    }
    for (const one of controllers) {
      await run(startControllerProcess(controller));
      await ends(one);
      await actingController(second, one.id_controller);
      await activeWorkers(second, 3);
      await load.answers(100);
    }
    await ends(first);
    await load.answers(100);
    const again = await run(
      startGateway({ ...options, flags: [...options.flags, '--port', new URL(first.url).port] }),
    );
    await activeWorkers(again, 3);
    await load.answers(100);
    await ends(second);
    await load.answers(100);
    await load.stop();
    expect(load.failures).toEqual([]);
    await allCountsZero(again);
    expect((await tableOf(again)).gateways).toHaveLength(1);
  } finally {
    await load.stop();
  }
});

it('two servers that do all in one process, each in turn', async () => {
  const flags = ['--table', redis.url, '--table-prefix', 'servers', '--replicas', '2'];
  const start = () => startServer({ repository: repository.path, flags });
  const first = await run(start());
  const second = await run(start());
  await activeWorkers(second, 2);
  const load = startGatewayLoad([first.url, second.url]);
  try {
    await load.answers(100);
    await first.close();
    expect((await first.exited).code).toBe(0);
    await actingController(second);
    await activeWorkers(second, 2);
    await load.answers(100);
    await load.stop();
    expect(load.failures).toEqual([]);
  } finally {
    await load.stop();
  }
});
