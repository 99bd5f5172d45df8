/** The Redis client on a real cluster: it is on the owner of our slot, and after a failover on the new one. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observedClient } from '../support/redis-clients.ts';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

/** In the slots of different masters. */
const HOMES = ['{turntable}:meta', '{b}:meta', '{c}:meta'];

it('finds the owner of our slot from any node, and from none but that', async () => {
  for (const homeKey of HOMES) {
    const owner = await cluster.ownerOf(homeKey);
    for (const { port } of cluster.servers) {
      using one = observedClient(`redis+cluster://127.0.0.1:${port}`, { homeKey });
      await one.becomesUp();
      await one.client.call('SET', [homeKey, port]);
      expect(await owner.cli('GET', homeKey)).toBe(String(port));
    }
  }
});

it('says so when a URL takes a node for a server of its own', async () => {
  const owner = await cluster.ownerOf('{turntable}');
  const other = cluster.servers.slice(0, 3).find(({ port }) => port !== owner.port)!;
  using one = observedClient(other.url);
  expect(await one.becomesDown()).toMatch(/is a node of a cluster: its URL is redis\+cluster/);
});

it('goes to the new owner when our slot is moved', async () => {
  const homeKey = '{moved}';
  const from = await cluster.ownerOf(homeKey);
  const to = cluster.servers.slice(0, 3).find(({ port }) => port !== from.port)!;
  using one = observedClient(cluster.url, { homeKey });
  await one.becomesUp();
  await one.client.call('SET', [homeKey, 1]);
  await cluster.moveSlotOf(homeKey, to);
  await expect(one.client.call('GET', [homeKey])).rejects.toMatchObject({ reply: 'MOVED' });
  expect(one.client.up).toBe(false);
  await one.becomesUp(2);
  expect(await one.client.call('GET', [homeKey])).toBe('1');
  expect(await to.cli('EXISTS', homeKey)).toBe(1);
});

it('goes to the new owner when the old one is killed, though its URL names no other node', async () => {
  const homeKey = HOMES[0]!;
  const old = await cluster.ownerOf(homeKey);
  using one = observedClient(`redis+cluster://127.0.0.1:${old.port}`, { homeKey });
  await one.becomesUp();
  await cluster.killOwnerOf(homeKey);
  await one.becomesUp(2);
  await one.client.call('SET', [homeKey, 'new']);
  expect(await (await cluster.ownerOf(homeKey)).cli('GET', homeKey)).toBe('new');
  await cluster.rejoin(old);
  expect(one.told.filter((line) => line === 'up')).toHaveLength(2);
});

it('goes to the new owner when the old one is frozen, and does not go back when it is thawed', async () => {
  const homeKey = HOMES[1]!;
  using one = observedClient(cluster.url, { homeKey, timeoutMs: 300 });
  await one.becomesUp();
  const old = await cluster.freezeOwnerOf(homeKey);
  await expect(one.client.call('PING', [])).rejects.toMatchObject({ code: 'TABLE_AWAY' });
  expect(one.told.at(-1)).toMatch(/^down: .*no answer to PING within 300 ms/);
  await one.becomesUp(2);
  await cluster.rejoin(old);
  await one.client.call('SET', [homeKey, 'new']);
  expect(one.told.filter((line) => line === 'up')).toHaveLength(2);
});
