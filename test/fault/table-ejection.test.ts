/** Gateways that keep off a worker say so by the table, and the watchdog of the acting controller acts on it. */
import { afterAll, beforeAll, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { runningThings } from '../support/running.ts';
import {
  allActive,
  startControllerMember,
  startGatewayMember,
  startWorkerMember,
  type TableMember,
} from '../support/table-members.ts';

const { run } = runningThings();
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
});

async function shows({ name, table }: TableMember, id_worker: string, wanted: string): Promise<void> {
  const standing = () => {
    const row = table.worker(id_worker);
    return `${row?.status} ${row?.reason}`.trim();
  };
  await eventually(`${wanted} at ${name}`, () => standing() === wanted).catch((error: Error) => {
    throw new Error(`${error.message}; it is ${standing()}`);
  });
}

it('a worker that gateways eject is in ERROR with their reason, until fewer than half of them do', async () => {
  const place = { redis, prefix: 'ejection' };
  const gateways = [
    await run(startGatewayMember(place, 'g1')),
    await run(startGatewayMember(place, 'g2')),
    await run(startGatewayMember(place, 'g3')),
  ] as const;
  const [g1, g2, g3] = gateways;
  const controller = await run(startControllerMember(place, 'c1'));
  const all = [...gateways, controller];
  const workers = [await run(startWorkerMember(place, 'w1')), await run(startWorkerMember(place, 'w2'))];
  for (const { inFlight } of gateways) for (const { id_worker } of workers) inFlight.set(id_worker, 0);
  await allActive(all, workers);

  const reason = '5 failures in a row';
  g1.ejected.set('w1', reason);
  await eventually('g2 to hear of it', () =>
    g2.table.statementsOf('w1').some(({ ejected }) => ejected === reason),
  );
  g2.ejected.set('w1', reason);
  for (const one of all) await shows(one, 'w1', `ERROR ejected by 2 of 3 gateways: ${reason}`);
  // One of two stays in traffic, so that the other has to wait for its turn.
  g1.ejected.set('w2', 'slow');
  g3.ejected.set('w2', 'slow');
  await eventually(
    'the controller to hear of it',
    () => controller.table.statementsOf('w2').filter(({ ejected }) => ejected === 'slow').length === 2,
  );
  g1.ejected.delete('w1');
  for (const one of all) {
    await shows(one, 'w1', 'ACTIVE');
    await shows(one, 'w2', 'ERROR ejected by 2 of 3 gateways: slow');
  }
  for (const { ejected } of gateways) ejected.clear();
  await allActive(all, workers);
});
