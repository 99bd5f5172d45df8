/** Redis is killed, frozen, emptied and failed over while gateways serve; no request fails and all comes right again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { activeWorkers, allCountsZero, tableOf } from '../support/members.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { startRedisSentinels } from '../support/redis-sentinels.ts';
import { startRedis } from '../support/redis-server.ts';
import {
  type GatewayProcess,
  type RoleOptions,
  startControllerProcess,
  startGateway,
  startWorkerByHand,
} from '../support/roles.ts';
import { runningThings } from '../support/running.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';
import type { WorkerView } from '../support/workers.ts';

const { run, load, answers, endLoad } = runningThings();
let repository: TemporaryRepository;

beforeAll(() => {
  repository = temporaryRepository('fraud');
});
afterAll(() => repository.remove());

interface Fleet {
  readonly gateway: GatewayProcess;
  readonly before: readonly WorkerView[];
}

/** Two gateways, a controller with two workers and one more worker by hand, under load. */
async function fleetUnderLoad(table: string): Promise<Fleet> {
  // A worker is in ERROR soon when it is silent, should that be held against it.
  const options: RoleOptions = { table };
  const controller = { ...options, flags: ['--silent-ms', '1500'], repository: repository.path };
  const gateway = await run(startGateway(options));
  await run(startGateway(options));
  await run(startControllerProcess(controller));
  await run(startWorkerByHand('fraud', options));
  const before = await activeWorkers(gateway, 3);
  load({ url: gateway.url });
  await answers(50);
  return { gateway, before };
}

function available({ gateway }: Fleet, wanted: boolean): Promise<unknown> {
  return eventually(
    `the table to be ${wanted ? 'back' : 'away'}`,
    async () => (await tableOf(gateway)).table.available === wanted,
    15_000,
  );
}

/** After the table is back: the same workers as before, ACTIVE, and no request failed. */
async function comesRightAgain({ gateway, before }: Fleet): Promise<void> {
  const after = await activeWorkers(gateway, 3);
  expect(after.map(({ id_worker }) => id_worker).sort()).toEqual(
    before.map(({ id_worker }) => id_worker).sort(),
  );
  await answers(50);
  const { failures } = await endLoad();
  expect(failures).toEqual([]);
  await allCountsZero(gateway);
  await eventually('both gateways', async () => (await tableOf(gateway)).gateways.length === 2);
  const away = gateway.output.match(/the control table is away/g) ?? [];
  expect(away).toHaveLength(1);
}

describe('CT6: requests go on and nobody is marked dead when Redis', () => {
  it('is frozen for longer than workers may be silent', async () => {
    const redis = await run(startRedis());
    const fleet = await fleetUnderLoad(redis.url);
    redis.freeze();
    await available(fleet, false);
    await answers(200);
    const { workers } = await tableOf(fleet.gateway);
    expect(workers.map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
    // Time passes that nobody can be heard in.
    const until = performance.now() + 3_000;
    await eventually('three seconds', () => performance.now() > until);
    redis.thaw();
    await available(fleet, true);
    await comesRightAgain(fleet);
  });

  it('is killed with kill -9 and comes back empty', async () => {
    const redis = await run(startRedis());
    const fleet = await fleetUnderLoad(redis.url);
    await redis.kill();
    await available(fleet, false);
    await answers(200);
    await redis.restart();
    await available(fleet, true);
    await eventually('all workers to have registered again', async () => {
      return (await redis.cli('SCARD', '{turntable}:workers')) === 3;
    });
    await comesRightAgain(fleet);
  });

  it('is emptied under way', async () => {
    const redis = await run(startRedis());
    const fleet = await fleetUnderLoad(redis.url);
    await redis.cli('FLUSHALL');
    await answers(200);
    await eventually('all workers to have registered again', async () => {
      return (await redis.cli('SCARD', '{turntable}:workers')) === 3;
    });
    const after = await activeWorkers(fleet.gateway, 3);
    expect(after.map(({ pid }) => pid).sort()).toEqual(fleet.before.map(({ pid }) => pid).sort());
    expect((await endLoad()).failures).toEqual([]);
    await eventually('the records to be there again', async () => {
      return (await redis.cli('HGET', '{turntable}:model:fraud/1', 'replicas')) === '2';
    });
  });

  it('is full', async () => {
    const redis = await run(startRedis());
    const fleet = await fleetUnderLoad(redis.url);
    await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    await available(fleet, false);
    expect((await tableOf(fleet.gateway)).table.reason).toContain('OOM');
    await answers(200);
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    await available(fleet, true);
    await comesRightAgain(fleet);
  });
});

describe('a master that is killed under load fails no request', () => {
  it('with Sentinels', async () => {
    const redis = await run(startRedisSentinels());
    const fleet = await fleetUnderLoad(redis.url);
    await redis.killMaster();
    await available(fleet, false);
    await available(fleet, true);
    await comesRightAgain(fleet);
  });

  it('with a Cluster', async () => {
    const redis = await run(startRedisCluster());
    const fleet = await fleetUnderLoad(redis.url);
    await redis.killOwnerOf('{turntable}:meta');
    await available(fleet, false);
    await available(fleet, true);
    await comesRightAgain(fleet);
  });
});
