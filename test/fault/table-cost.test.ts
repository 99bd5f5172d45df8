/** What the table costs Redis, and what a table that is closed leaves behind. */
import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startChild } from '../support/owned-child.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  allActive,
  loadOf,
  openTableMember,
  startGatewayMember,
  startWorkerMember,
} from '../support/table-members.ts';

const WINDOW_MS = 1_000;

/** Scripts and reads of the feed within the window, which is all that there is to do while nothing is amiss. */
async function commandsIn(redis: RedisServer, ms = WINDOW_MS): Promise<number> {
  const sent = async () => {
    const stats = String(await redis.cli('INFO', 'commandstats'));
    const names = ['evalsha', 'eval', 'xread'];
    return names.reduce(
      (sum, name) => sum + Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0),
      0,
    );
  };
  const before = await sent();
  const start = performance.now();
  await pass(ms);
  const count = (await sent()) - before;
  // On a busy machine it is more time that passes.
  return count * (ms / (performance.now() - start));
}

describe('the cost of the table', () => {
  it('CT8: ten times as many statements are no more commands, and a gateway that is idle sends few', async () => {
    await using redis = await startRedis();
    const place = { redis, prefix: 't' };
    await using member = await openTableMember(place, 'g1');
    await using worker = await startWorkerMember(place, 'w1');
    await allActive([member], [worker]);
    await worker.die();
    // It hears what others say ten times a second, and follows the feed.
    const idle = await commandsIn(redis);
    expect(idle).toBeLessThan(20);

    let count = 0;
    const state = () => {
      const loads = [loadOf('w1', ++count % 100)];
      return member.table.state({ id_gateway: 'g1', node: 'n', pid: 1, address: 'http://g1', loads });
    };
    /** As many at once as requests come and go between two statements; commands for each time. */
    const under = async (atOnce: number) => {
      let times = 0;
      const start = performance.now();
      const timer = setInterval(() => {
        times++;
        for (let i = 0; i < atOnce; i++) void state();
      }, 10);
      const commands = await commandsIn(redis);
      clearInterval(timer);
      return (commands - idle) / (times * (WINDOW_MS / (performance.now() - start)));
    };
    // One goes out at once, and all that come while it is under way as one.
    for (const atOnce of [1, 10, 100]) expect(await under(atOnce)).toBeLessThan(2.2);
  });

  it('CT8: it does not grow with the requests that a statement speaks of', async () => {
    await using redis = await startRedis({ listen: 'tcp' });
    const place = { redis, prefix: 't' };
    await using gateway = await startGatewayMember(place, 'g1');
    await using worker = await startWorkerMember(place, 'w1');
    await allActive([gateway], [worker]);
    gateway.inFlight.set('w1', 1);
    const one = await commandsIn(redis);
    gateway.inFlight.set('w1', 10_000);
    expect(await commandsIn(redis)).toBeLessThan(1.5 * one);
  });
});

const MAIN = `
import { RedisControlTable } from '${new URL('../../src/table/redis/redis-control-table.ts', import.meta.url).pathname}';
import { parseRedisUrl } from '${new URL('../../src/table/redis/redis-target.ts', import.meta.url).pathname}';
const log = { warn: () => {}, info: () => {} };
const table = new RedisControlTable({
  target: parseRedisUrl(process.argv[1]), prefix: 't', name: 'x', now: () => performance.now(), log,
});
const state = () => table.state({ id_gateway: 'g', node: 'n', pid: 1, address: 'a', loads: [] });
await table.ready(5000);
await table.campaign({ id_controller: 'c', node: 'n', pid: 1 }, () => {});
void state();
void table.command({ action: 'load', id_model: 'm' }, AbortSignal.timeout(60000));
process.once('SIGUSR2', async () => {
  for (let i = 0; i < 10; i++) void state();
  await table.close();
  console.log('CLOSED');
});
console.log('READY');
`;

describe('a table that is closed', () => {
  for (const [name, before] of [
    ['while all is well', async () => {}],
    ['while Redis is frozen', (redis: RedisServer) => redis.freeze()],
    ['while Redis is gone', (redis: RedisServer) => redis.kill()],
  ] as const) {
    it(`${name} leaves nothing that keeps the process from ending`, async () => {
      await using redis = await startRedis({ listen: 'tcp' });
      const child = startChild(process.execPath, ['--input-type=module-typescript', '-e', MAIN, redis.url]);
      await eventually('the child', () => child.output.includes('READY') || child.exit).catch(() => {});
      expect(child.output).toContain('READY');
      await before(redis);
      child.signal('SIGUSR2');
      await eventually('the table to be closed', () => child.output.includes('CLOSED'), 10_000);
      const exit = await Promise.race([child.exited, pass(10_000, 'still runs')]);
      child.signal('SIGKILL');
      expect(exit, child.output).toBe('code 0');
    });
  }
});
