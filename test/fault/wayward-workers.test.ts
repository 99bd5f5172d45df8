/** Workers that are there and do wrong: no request fails for it, the table says what is wrong, and they come back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { type Load, startLoad } from '../support/load.ts';
import { activeWorkers, allCountsZero, tableOf } from '../support/members.ts';
import { openTable } from '../support/open-table.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  type ControllerProcess,
  type GatewayProcess,
  startControllerProcess,
  startGateway,
} from '../support/roles.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';
import type { Behaviour } from '../support/timed-service.ts';
import { startWaywardWorker, type WaywardWorker } from '../support/wayward-worker.ts';

const WORKERS = 4;
const PREFIX = 'wayward';
const PATH = '/v2/models/timed/infer';
const BODY = Buffer.from('{"inputs":[]}');

let redis: RedisServer;
let repository: TemporaryRepository;
let table: RedisControlTable;
let controller: ControllerProcess;
let gateway: GatewayProcess;
let workers: WaywardWorker[];
let load: Load | undefined;

beforeAll(async () => {
  redis = await startRedis();
  repository = temporaryRepository();
  table = await openTable(redis.url, PREFIX);
  workers = [];
  for (let i = 0; i < WORKERS; i++) workers.push(await startWaywardWorker(table, `timed-1-${i}`));
  const options = { table: redis.url, flags: ['--table-prefix', PREFIX] };
  controller = await startControllerProcess({ ...options, repository: repository.path });
  gateway = await startGateway({ ...options, flags: [...options.flags, '--eject-ms', '300'] });
  await activeWorkers(gateway, WORKERS, 'timed');
});
/** All serve again, and have shown it. */
afterEach(async () => {
  for (const worker of workers) worker.behaviour = 'serves';
  await load?.stop();
  load = startTimedLoad(() => undefined);
  const came = workers.map((worker) => worker.came);
  await activeWorkers(gateway, WORKERS, 'timed', 60_000);
  for (const [i, worker] of workers.entries()) {
    const enough = (came[i] ?? 0) + 20;
    await eventually('each worker to serve', () => worker.came >= enough, 60_000);
  }
  await load.stop();
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await controller?.close();
  for (const worker of workers ?? []) await worker[Symbol.asyncDispose]();
  await table?.close();
  repository?.remove();
  await redis?.[Symbol.asyncDispose]();
});

const startTimedLoad = (check?: (status: number) => string | undefined) =>
  startLoad({ url: gateway.url, path: PATH, body: BODY, clients: 8, check: check ?? onlyOk });
const onlyOk = (status: number, body = '') => (status === 200 ? undefined : `${status} ${body}`);

/** Resolves when so many more were answered. */
async function answers(more: number): Promise<void> {
  const wanted = (load?.answered ?? 0) + more;
  await eventually(`${more} more answers`, () => (load?.answered ?? 0) >= wanted, 30_000);
}

const rowOf = async (worker: WaywardWorker) =>
  (await tableOf(gateway)).workers.find(({ id_worker }) => id_worker === worker.id_worker);

describe.each<[Behaviour, RegExp]>([
  ['fails', /^ejected: \d+ failures? in a row$|requests failed$/],
  ['mute', /^ejected: holds \d+ requests? and has answered none for \d+ ms$/],
])('a worker that %s', (behaviour, reason) => {
  it('costs no request, is in ERROR for it, and comes back when it is well', async () => {
    const wayward = workers[1] as WaywardWorker;
    load = startTimedLoad();
    await answers(200);
    wayward.behaviour = behaviour;
    const row = await eventually(
      'the worker to be in ERROR',
      async () => {
        const found = await rowOf(wayward);
        return found?.status === 'ERROR' ? found : undefined;
      },
      20_000,
    );
    expect(row.reason).toMatch(reason);
    await answers(200);
    wayward.behaviour = 'serves';
    const came = wayward.came;
    await eventually('it to serve again', () => wayward.came > came + 20, 20_000);
    expect((await load.stop()).failures).toEqual([]);
    await allCountsZero(gateway);
  });
});

it('a worker that fails draws no traffic by being fast', async () => {
  const wayward = workers[2] as WaywardWorker;
  load = startTimedLoad();
  await answers(200);
  wayward.behaviour = 'fails';
  await eventually('the worker to be in ERROR', async () => (await rowOf(wayward))?.status === 'ERROR');
  const [came, answered] = [wayward.came, load.answered];
  await answers(1_000);
  // Single probes, each after a time that doubles.
  expect(wayward.came - came).toBeLessThan(0.02 * (load.answered - answered));
});

it('a worker that is slow keeps no requests from the others', async () => {
  const wayward = workers[3] as WaywardWorker;
  load = startTimedLoad();
  await answers(200);
  wayward.behaviour = 'slow';
  // Until it has shown it.
  await answers(200);
  const [came, answered] = [wayward.came, load.answered];
  await answers(500);
  expect(wayward.came - came).toBeLessThan(0.05 * (load.answered - answered));
  expect((await load.stop()).failures).toEqual([]);
});

it('what all workers fail is the fault of the request: it says so, and nobody else suffers', async () => {
  for (const worker of workers) worker.behaviour = 'fails';
  const before = await metric(gateway, 'turntable_ejections_total', { model: 'timed' });
  load = startTimedLoad((status) => (status === 500 ? undefined : `status ${status}`));
  await answers(500);
  expect((await load.stop()).failures).toEqual([]);
  expect(await metric(gateway, 'turntable_ejections_total', { model: 'timed' })).toBe(before);
});

it('half of the workers at once cost no request', async () => {
  load = startTimedLoad();
  await answers(200);
  for (const worker of workers.slice(0, WORKERS / 2)) worker.behaviour = 'mute';
  await eventually(
    'both to be in ERROR',
    async () => {
      const { workers: rows } = await tableOf(gateway);
      return rows.filter(({ status }) => status === 'ERROR').length === WORKERS / 2;
    },
    20_000,
  );
  await answers(200);
  expect((await load.stop()).failures).toEqual([]);
});
