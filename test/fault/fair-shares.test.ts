/** Three gateways that balance by least connections give each of four workers its quarter, in a steady stream and in bursts. */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { activeWorkers, allCountsZero } from '../support/members.ts';
import { openTable } from '../support/open-table.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type GatewayProcess, startGateway } from '../support/roles.ts';
import { startTimedWorker, type TimedWorker } from '../support/timed-worker.ts';

const REQUESTS = 10_000;
const WORKERS = 4;
/** Requests take from 2 to 8 ms, which no other load on the machine changes. */
const serviceMs = () => 2 + Math.random() * 6;
const PREFIX = 'fair';
const BODY = '{"inputs":[]}';

let redis: RedisServer;
let table: RedisControlTable;
let gateways: GatewayProcess[];
let workers: TimedWorker[];
const agent = new Agent({ keepAlive: true, maxSockets: 100 });

beforeAll(async () => {
  redis = await startRedis();
  table = await openTable(redis.url, PREFIX);
  workers = [];
  for (let i = 0; i < WORKERS; i++) workers.push(await startTimedWorker(table, `timed-1-${i}`, serviceMs));
  // The default goes by measured times too, which differ where the processors have too much to do.
  const flags = ['--table-prefix', PREFIX, '--balance', 'least-connections'];
  const options = { table: redis.url, flags };
  gateways = await Promise.all(Array.from({ length: 3 }, () => startGateway(options)));
  for (const gateway of gateways) await activeWorkers(gateway, WORKERS, 'timed');
});
afterAll(async () => {
  agent.destroy();
  for (const gateway of gateways ?? []) await gateway.close();
  for (const worker of workers ?? []) await worker[Symbol.asyncDispose]();
  await table?.close();
  await redis?.[Symbol.asyncDispose]();
});

function send(gateway: GatewayProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': BODY.length };
    const options = { method: 'POST', agent, headers };
    const req = request(`${gateway.url}/v2/models/timed/infer`, options, (res) => {
      res.resume();
      res.on('end', () =>
        res.statusCode === 200 ? resolve() : reject(new Error(`status ${res.statusCode}`)),
      );
    });
    req.on('error', reject);
    req.end(BODY);
  });
}

/** What each worker has answered of the requests that `drive` sends. */
async function expectEqualShares(drive: () => Promise<unknown>): Promise<void> {
  const before = workers.map(({ served }) => served);
  await drive();
  const counts = workers.map(({ served }, i) => served - (before[i] ?? 0));
  const fair = REQUESTS / WORKERS;
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  for (const count of counts) expect(Math.abs(count - fair)).toBeLessThanOrEqual(0.02 * fair);
}

describe('10,000 requests through three gateways, four workers: each has within 2 % of 2,500', () => {
  it('in a steady stream', async () => {
    let sent = 0;
    const client = async (gateway: GatewayProcess) => {
      while (sent++ < REQUESTS) await send(gateway);
    };
    await expectEqualShares(() =>
      Promise.all(gateways.flatMap((gateway) => Array.from({ length: 8 }, () => client(gateway)))),
    );
    for (const gateway of gateways) await allCountsZero(gateway);
  });

  it('in bursts that come to all gateways at once', async () => {
    await expectEqualShares(async () => {
      for (let sent = 0; sent < REQUESTS; ) {
        const size = Math.min(REQUESTS - sent, 20 + ((sent * 7) % 81));
        const burst = Array.from({ length: size }, (_, i) => send(gateways[i % 3] as GatewayProcess));
        await Promise.all(burst);
        sent += size;
      }
    });
  });
});
