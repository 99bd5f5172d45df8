/** Gateways, controllers and workers on a shared table are killed and frozen under load; clients see nothing of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startChannelWorker, TIMED_MODEL } from '../support/channel-worker.ts';
import { eventually } from '../support/eventually.ts';
import { actingController, activeWorkers, allCountsZero, tableOf } from '../support/members.ts';
import { infer } from '../support/oip-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  type RoleOptions,
  startControllerProcess,
  startGateway,
  startWorkerByHand,
} from '../support/roles.ts';
import { runningThings } from '../support/running.ts';
import { openTableMember } from '../support/table-members.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const WORKERS = 30;

let redis: RedisServer;
let nothing: TemporaryRepository;
let options: RoleOptions;
let prefix: string;
let tables = 0;
const { run, load, answers, endLoad } = runningThings();

beforeAll(async () => {
  redis = await startRedis();
  nothing = temporaryRepository();
});
afterAll(async () => {
  nothing.remove();
  await redis[Symbol.asyncDispose]();
});
beforeEach(() => {
  prefix = `members-${tables++}`;
  options = { table: redis.url, flags: ['--table-prefix', prefix] };
});

describe('a gateway that is killed with kill -9', () => {
  it('CT3: takes its 100 requests in flight out of current_requests within 3 s', async () => {
    const { table } = await run(openTableMember({ redis: redis.url, prefix }, 'test'));
    // A gateway sends each worker a few at first; none of these answers.
    const starting = Array.from({ length: WORKERS }, (_, i) =>
      startChannelWorker({
        ...{ table, id_worker: `timed-1-${i}`, slots: 100, maxRequests: 100, onRequest: () => {} },
      }),
    );
    for (const worker of starting) await run(worker);
    const victim = await run(startGateway(options));
    const other = await run(startGateway(options));
    await activeWorkers(victim, WORKERS, TIMED_MODEL);
    const lost = Promise.allSettled(Array.from({ length: 100 }, () => infer(victim, TIMED_MODEL, [])));
    const current = async () =>
      (await tableOf(other)).workers.reduce((sum, one) => sum + one.current_requests, 0);
    await eventually('the requests to be in flight', async () => (await current()) === 100);
    victim.signal('SIGKILL');
    await victim.exited;
    await eventually('its share to vanish', async () => (await current()) === 0, 3_000 + 2_000);
    await eventually('it to be forgotten', async () =>
      (await tableOf(other)).gateways.every(({ id_gateway }) => id_gateway !== victim.id_gateway),
    );
    await lost;
  });
});

describe('a controller', () => {
  it('that is killed with kill -9 is followed by another within 5 s, and its workers serve on', async () => {
    const first = await run(startControllerProcess(options));
    const second = await run(startControllerProcess(options));
    const gateway = await run(startGateway(options));
    const before = await activeWorkers(gateway, 2);
    load({ url: gateway.url });
    await answers(50);
    first.signal('SIGKILL');
    await first.exited;
    expect(await actingController(gateway, first.id_controller, 5_000 + 3_000)).toBe(second.id_controller);
    const after = await activeWorkers(gateway, 2);
    expect(after.map(({ id_worker }) => id_worker).sort()).toEqual(
      before.map(({ id_worker }) => id_worker).sort(),
    );
    // The second keeps them now: it replaces one that dies, though it has started neither.
    process.kill((after[0] as (typeof after)[0]).pid, 'SIGKILL');
    await eventually('the dead to be missed', async () =>
      (await tableOf(gateway)).workers.some(({ status }) => status === 'ERROR'),
    );
    await answers(50);
    expect((await endLoad()).failures).toEqual([]);
  });

  it('that is frozen is followed by another, and wakes to stand by', async () => {
    const first = await run(startControllerProcess(options));
    const second = await run(startControllerProcess(options));
    const gateway = await run(startGateway(options));
    await activeWorkers(gateway, 2);
    first.signal('SIGSTOP');
    expect(await actingController(gateway, first.id_controller)).toBe(second.id_controller);
    first.signal('SIGCONT');
    const standing = await eventually('the first to be there again', async () => {
      const { controllers } = await tableOf(gateway);
      return controllers.length === 2 ? controllers : undefined;
    });
    expect(standing.find(({ acting }) => acting)?.id_controller).toBe(second.id_controller);
    await eventually('it to say so', () => first.output.includes('It stands by.'));
    await activeWorkers(gateway, 2);
  });

  it('that goes in order hands its workers over one by one', async () => {
    const first = await run(startControllerProcess(options));
    await run(startControllerProcess(options));
    const gateway = await run(startGateway(options));
    const before = (await activeWorkers(gateway, 2)).map(({ id_worker }) => id_worker);
    load({ url: gateway.url });
    await answers(50);
    first.signal('SIGTERM');
    let fewest = 2;
    const gone = first.exited.then(() => true);
    await eventually(
      'it to be gone',
      async () => {
        const { workers } = await tableOf(gateway);
        const serving = workers.filter((one) => one.id_model === 'fraud' && one.status === 'ACTIVE');
        fewest = Math.min(fewest, serving.length);
        return Promise.race([gone, false]);
      },
      40_000,
    );
    expect(await first.exited).toBe('code 0');
    expect(fewest).toBeGreaterThan(0);
    const after = await activeWorkers(gateway, 2);
    expect(after.filter(({ id_worker }) => before.includes(id_worker))).toEqual([]);
    expect((await endLoad()).failures).toEqual([]);
  });
});

describe('a worker started by hand', () => {
  it('that is killed or frozen costs no request, is not restarted, and is forgotten when it stays away', async () => {
    const flags = [...(options.flags ?? []), '--error-grace-ms', '4000'];
    await run(startControllerProcess({ ...options, flags, repository: nothing.path }));
    const killed = await run(startWorkerByHand('fraud', options));
    const frozen = await run(startWorkerByHand('fraud', options));
    await run(startWorkerByHand('fraud', options));
    const gateway = await run(startGateway(options));
    await activeWorkers(gateway, 3);
    load({ url: gateway.url });
    await answers(50);
    killed.signal('SIGKILL');
    frozen.signal('SIGSTOP');
    const status = async (id: string) =>
      (await tableOf(gateway)).workers.find(({ id_worker }) => id_worker === id)?.status;
    await eventually('both to be in ERROR', async () => {
      const both = [await status(killed.id_worker), await status(frozen.id_worker)];
      return both.every((one) => one === 'ERROR');
    });
    frozen.signal('SIGCONT');
    await eventually('the frozen one to be back', async () => (await status(frozen.id_worker)) === 'ACTIVE');
    await eventually('the killed one to be forgotten', async () => !(await status(killed.id_worker)));
    await activeWorkers(gateway, 2);
    await answers(50);
    expect((await endLoad()).failures).toEqual([]);
    await allCountsZero(gateway);
  });
});
