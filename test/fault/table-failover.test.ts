/** The master is killed, frozen or replaced under load: views, counts and statuses are right soon after the new one. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RedisClient } from '../../src/table/redis/redis-client.ts';
import { parseRedisUrl } from '../../src/table/redis/redis-target.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts';
import { type RedisSentinels, startRedisSentinels } from '../support/redis-sentinels.ts';
import {
  allActive,
  countsAreTrue,
  type GatewayMember,
  startControllerMember,
  startGatewayMember,
  startWorkerMember,
} from '../support/table-members.ts';

/** Time for Sentinels or a cluster to agree on a new master; not ours. */
const FAILOVER_MS = 20_000;
/** What CT3 gives the counts to be true again, and what a busy machine needs. */
const TRUTH_MS = 3_000 + 2_000;
vi.setConfig({ testTimeout: 60_000 });

let tables = 0;

/** Two gateways under load, two workers and a controller, through whatever happens to the master. */
async function survives(
  url: string,
  happens: (prefix: string) => Promise<unknown>,
  afterwards: () => void = () => {},
): Promise<void> {
  const place = { redis: url, prefix: `t${tables++}` };
  await using one = await startGatewayMember(place, 'g1');
  await using other = await startGatewayMember(place, 'g2');
  await using controller = await startControllerMember(place, 'c1', { silentMs: 2_000 });
  await using w1 = await startWorkerMember(place, 'w1');
  await using w2 = await startWorkerMember(place, 'w2');
  const gateways = [one, other];
  const members = [one, other, controller];
  await allActive(members, [w1, w2]);
  const load = setInterval(() => {
    for (const { inFlight } of gateways) {
      inFlight.set('w1', Math.floor(Math.random() * 8)).set('w2', Math.floor(Math.random() * 8));
    }
  }, 10);
  const notActive = notActiveSeen(gateways);
  try {
    await happens(place.prefix);
    await eventually(
      'the outage',
      () => members.some(({ table }) => !table.view().health.available),
      FAILOVER_MS,
    );
    for (const { table } of members) {
      await eventually('the new master', () => table.view().health.available, FAILOVER_MS);
    }
  } finally {
    clearInterval(load);
  }
  afterwards();
  await countsAreTrue(members, gateways, TRUTH_MS);
  await allActive(members, [w1, w2], TRUTH_MS);
  await eventually('a controller that acts', () => controller.acting, TRUTH_MS);
  expect(notActive).toEqual([]);
  expect([...w1.told, ...w2.told]).toEqual([]);
  // The new one takes changes, and all hear of them.
  await w2.leave();
  await allActive(members, [w1], TRUTH_MS);
  for (const { table } of members) expect(table.view().health.available).toBe(true);
}

function notActiveSeen(gateways: readonly GatewayMember[]): string[] {
  const seen: string[] = [];
  for (const { table, name } of gateways) {
    table.subscribe((change) => {
      if (change.kind !== 'worker') return;
      const status = table.worker(change.id_worker)?.status;
      if (change.id_worker === 'w1' && status !== 'ACTIVE') seen.push(`${name}: ${status}`);
    });
  }
  return seen;
}

describe('under Sentinels', () => {
  let sentinels: RedisSentinels;
  beforeAll(async () => {
    sentinels = await startRedisSentinels();
  });
  afterAll(() => sentinels?.[Symbol.asyncDispose]());

  const oneReplica = () =>
    eventually(
      'a replica',
      async () =>
        /slave0:.*state=online/.test(
          String(await (await sentinels.currentMaster()).cli('INFO', 'replication')),
        ),
      FAILOVER_MS,
    );

  it('CT2: what the old master acknowledged and a failover lost is said again by who said it', async () => {
    const place = { redis: sentinels.url, prefix: `t${tables++}` };
    await using gateway = await startGatewayMember(place, 'g1');
    const old = await sentinels.currentMaster();
    const replicas = sentinels.servers.filter((server) => server !== old);
    // The replicas hear no more of it, while it still takes writes.
    await using early = await startWorkerMember(place, 'early');
    await allActive([gateway], [early]);
    for (const replica of replicas) {
      const has = async () =>
        (await replica.cli('HGET', `{${place.prefix}}:worker:early`, 'status')) === 'ACTIVE';
      await eventually('a replica to have it', has);
    }
    for (const replica of replicas) await replica.freeze();
    await using _late = await startWorkerMember(place, 'late');
    await early.presence.draining();
    await eventually(
      'the changes to be seen',
      () =>
        gateway.table.worker('early')?.status === 'UPDATING' &&
        gateway.table.worker('late')?.status === 'ACTIVE',
    );
    await old.kill();
    for (const replica of replicas) replica.thaw();
    await eventually('the outage', () => !gateway.table.view().health.available);
    await eventually('the new master', () => gateway.table.view().health.available, FAILOVER_MS);
    const client = await connected(sentinels.url);
    const status = (id: string) => client.call('HGET', [`{${place.prefix}}:worker:${id}`, 'status']);
    await eventually(
      'the worker that drains to say so again',
      async () => (await status('early')) === 'UPDATING',
    );
    await eventually('the new worker to register again', async () => (await status('late')) === 'ACTIVE');
    client.close();
    await eventually(
      'the view to be the same',
      () =>
        gateway.table.worker('early')?.status === 'UPDATING' &&
        gateway.table.worker('late')?.status === 'ACTIVE',
      TRUTH_MS,
    );
    await old.restart();
  });

  it('CT3 CT6: a master that is killed under load is followed by another, and all is true within 3 s', async () => {
    await oneReplica();
    let old: Awaited<ReturnType<typeof sentinels.killMaster>> | undefined;
    await survives(sentinels.url, async () => {
      old = await sentinels.killMaster();
    });
    await old?.restart();
  });

  it('CT3 CT6: a master that is frozen under load likewise, and nothing of it counts when it is thawed', async () => {
    await oneReplica();
    const old = await sentinels.currentMaster();
    await survives(
      sentinels.url,
      () => sentinels.freezeMaster(),
      () => old.thaw(),
    );
  });
});

describe('on a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());
  const keyOf = (prefix: string) => `{${prefix}}:meta`;

  it('CT3 CT6: an owner of the slot that is killed under load is followed by its replica, and all is true within 3 s', async () => {
    let old: Awaited<ReturnType<typeof cluster.killOwnerOf>> | undefined;
    await survives(cluster.url, async (prefix) => {
      old = await cluster.killOwnerOf(keyOf(prefix));
    });
    if (old) await cluster.rejoin(old);
  });

  it('CT3 CT6: one that is frozen likewise', async () => {
    await survives(cluster.url, (prefix) => cluster.freezeOwnerOf(keyOf(prefix)));
  });
});

async function connected(url: string): Promise<RedisClient> {
  const client = new RedisClient({
    ...{ target: parseRedisUrl(url), name: 'a test', timeoutMs: 1_000 },
    ...{ onUp: () => {}, onDown: () => {} },
  });
  await eventually('a connection', () => client.up, FAILOVER_MS);
  return client;
}
