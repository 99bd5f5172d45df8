/** The Redis client under real Sentinels: it is on the master, and after a failover on the new one. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { observedClient } from '../support/redis-clients.ts';
import { type RedisSentinels, startRedisSentinels } from '../support/redis-sentinels.ts';

vi.setConfig({ testTimeout: 60_000 });
let sentinels: RedisSentinels;
// Their own for each: a failover leaves them busy with the old master for ten seconds and more.
beforeEach(async () => {
  sentinels = await startRedisSentinels();
});
afterEach(() => sentinels?.[Symbol.asyncDispose]());

const portOf = async (client: { call(command: string, args: string[]): Promise<unknown> }) =>
  Number(((await client.call('CONFIG', ['GET', 'port'])) as string[])[1]);

it('says so when a URL takes a Sentinel for a server, or names another master', async () => {
  const first = sentinels.url.replace(/^redis\+sentinel:\/\/([^,]*),.*$/, 'redis://$1');
  using one = observedClient(first);
  expect(await one.becomesDown()).toMatch(/is a Sentinel: its URL is redis\+sentinel/);
  using other = observedClient(sentinels.url.replace(/\/[a-z]+$/, '/other'));
  expect(await other.becomesDown()).toMatch(/knows no master "other"/);
});

it('is on the master, also when one of the Sentinels is not there', async () => {
  using one = observedClient(sentinels.url.replace('://', '://127.0.0.1:1,'));
  await one.becomesUp();
  expect(await portOf(one.client)).toBe((await sentinels.currentMaster()).port);
});

it('goes to the new master when the old one is killed, and leaves the old one be when it is back', async () => {
  using one = observedClient(sentinels.url, { timeoutMs: 300 });
  await one.becomesUp();
  const old = await sentinels.killMaster();
  await one.becomesUp(2);
  expect(await portOf(one.client)).not.toBe(old.port);
  await old.restart();
  // Not before it is a replica, which takes the Sentinels ten seconds and more: it is there, and thinks it is a master.
  await eventually('the old master to answer', () => old.cli('PING'));
  expect(await portOf(one.client)).not.toBe(old.port);
});

it('goes to the new master when the old one is frozen, and does not go back when it is thawed', async () => {
  using one = observedClient(sentinels.url, { timeoutMs: 300 });
  await one.becomesUp();
  const old = await sentinels.freezeMaster();
  await expect(one.client.call('PING', [])).rejects.toMatchObject({ code: 'TABLE_AWAY' });
  expect(one.told.at(-1)).toMatch(/^down: .*no answer to PING within 300 ms/);
  await one.becomesUp(2);
  const port = await portOf(one.client);
  expect(port).not.toBe(old.port);
  old.thaw();
  await eventually('the old master to answer', () => old.cli('PING'));
  expect(await portOf(one.client)).toBe(port);
  expect(one.told.filter((line) => line === 'up')).toHaveLength(2);
});

it('does not stay with a master that was frozen as it connected, and is thawed when there is another', async () => {
  const old = await sentinels.freezeMaster();
  // Named to it still, and the connection stands: what is sent on it waits.
  using one = observedClient(sentinels.url, { timeoutMs: 30_000 });
  await eventually('another master', async () => (await sentinels.currentMaster()) !== old);
  old.thaw();
  await one.becomesUp();
  expect(await portOf(one.client)).not.toBe(old.port);
});

it('leaves a master that still believes to be one when the Sentinels have chosen another', async () => {
  using one = observedClient(sentinels.url);
  await one.becomesUp();
  const old = await sentinels.currentMaster();
  await sentinels.failOver();
  await one.becomesUp(2);
  expect(one.told[1]).toMatch(/^down: .*the Sentinels name 127.0.0.1:\d+ the master$/);
  expect(await portOf(one.client)).not.toBe(old.port);
});
