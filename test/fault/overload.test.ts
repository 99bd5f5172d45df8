/** More than the workers carry: what is answered is answered in time, the rest is refused, and other models do not feel it. */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { activeWorkers, allCountsZero } from '../support/members.ts';
import { openTable } from '../support/open-table.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type GatewayProcess, startGateway } from '../support/roles.ts';
import { startWaywardWorker, type WaywardWorker } from '../support/wayward-worker.ts';

const PREFIX = 'overload';
const BODY = '{"inputs":[]}';

let redis: RedisServer;
let table: RedisControlTable;
let gateway: GatewayProcess;
let flooded: WaywardWorker;
let calm: WaywardWorker;
const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });

beforeAll(async () => {
  redis = await startRedis();
  table = await openTable(redis.url, PREFIX);
  flooded = await startWaywardWorker(table, 'flooded-1-0', 'flooded');
  calm = await startWaywardWorker(table, 'calm-1-0', 'calm');
  const flags = ['--table-prefix', PREFIX, '--max-in-flight', '300'];
  gateway = await startGateway({ table: redis.url, flags });
  await activeWorkers(gateway, 1, 'flooded');
  await activeWorkers(gateway, 1, 'calm');
});
afterAll(async () => {
  agent.destroy();
  await gateway?.close();
  for (const worker of [flooded, calm]) await worker?.[Symbol.asyncDispose]();
  await table?.close();
  await redis?.[Symbol.asyncDispose]();
});

function send(model: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = `${gateway.url}/v2/models/${model}/infer`;
    const all = { 'content-type': 'application/json', 'content-length': BODY.length, ...headers };
    const req = request(url, { method: 'POST', agent, headers: all }, (res) => {
      res.resume();
      res.on('end', () => resolve(res.statusCode ?? 0));
    });
    req.on('error', reject);
    req.end(BODY);
  });
}

function counted(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

it('a flood of one model leaves room for another', async () => {
  flooded.behaviour = 'mute';
  const flood = Array.from({ length: 600 }, () => send('flooded', { 'x-request-timeout-ms': '8000' }));
  // All that one model may have under way of what the gateway holds.
  await eventually(
    'the flood to be held',
    async () => (await metric(gateway, 'turntable_requests_in_flight', { model: 'flooded' })) >= 200,
  );
  const answers = await Promise.all(Array.from({ length: 20 }, () => send('calm')));
  expect(counted(answers)).toEqual({ 200: 20 });
  flooded.behaviour = 'serves';
  const { 503: refused = 0, ...rest } = counted(await Promise.all(flood));
  expect(refused).toBeGreaterThan(300);
  expect(Object.keys(rest).every((status) => status === '200' || status === '504')).toBe(true);
}, 90_000);

it('what would be late is refused, what is less important first, and the rest is answered', async () => {
  const waves: Promise<number>[] = [];
  const urgent: Promise<number>[] = [];
  const until = performance.now() + 3_000;
  // The worker carries 200 requests a second, and this is several times as many.
  while (performance.now() < until) {
    for (let i = 0; i < 10; i++) {
      waves.push(send('calm', { 'x-request-timeout-ms': '1000', 'x-request-priority': '6' }));
    }
    urgent.push(send('calm', { 'x-request-timeout-ms': '5000', 'x-request-priority': '0' }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const statuses = counted(await Promise.all(waves));
  expect(counted(await Promise.all(urgent))).toEqual({ 200: urgent.length });
  expect(statuses[200]).toBeGreaterThan(0);
  expect(statuses[503]).toBeGreaterThan(0);
  expect(Object.keys(statuses).every((status) => ['200', '503', '504'].includes(status))).toBe(true);
  await allCountsZero(gateway);
});
