/** The table on Redis under the contract suite, each on a real server whose clock the tests move. */
import { afterAll, beforeAll } from 'vitest';
import { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { parseRedisUrl } from '../../src/table/redis/redis-target.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeControlTable } from './control-table.ts';

let redis: RedisServer;
let tables = 0;
/** Time passes for server and process alike: a server's clock alone that moves has been set. */
let passedMs = 0;

beforeAll(async () => {
  redis = await startRedis({ movableClock: true });
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
});

describeControlTable('RedisControlTable', async () => {
  const table = new RedisControlTable({
    target: parseRedisUrl(redis.url),
    prefix: `t${tables++}`,
    name: 'contract',
    now: () => performance.now() + passedMs,
    log: { warn: () => {}, info: () => {} },
  });
  await table.ready(5_000);
  return {
    table,
    advance: async (ms) => {
      // What is said by now is said before that time passes.
      await table.refresh();
      passedMs += ms;
      redis.advanceClock(ms);
      await table.refresh();
    },
    close: () => table.close(),
  };
});
