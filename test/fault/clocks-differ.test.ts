/** Machines whose clocks are an hour apart share a table: ages are by its clock alone (CT7). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { faketimeLibrary } from '../support/debian-packages.ts';
import { eventually } from '../support/eventually.ts';
import { activeWorkers, tableOf } from '../support/members.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { startControllerProcess, startGateway, startWorkerByHand } from '../support/roles.ts';
import { runningThings } from '../support/running.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const { run, load, answers, endLoad } = runningThings();
let redis: RedisServer;
let nothing: TemporaryRepository;

beforeAll(async () => {
  redis = await startRedis();
  nothing = temporaryRepository();
});
afterAll(async () => {
  nothing?.remove();
  await redis?.[Symbol.asyncDispose]();
});

/** The environment of a process whose wall clock is off. */
function clockOff(by: string): Record<string, string> {
  return {
    LD_PRELOAD: faketimeLibrary() ?? '',
    FAKETIME: by,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_RESET: '1',
  };
}

it('CT7: an hour ahead or behind, workers live and die as they do, and are shown with the table’s time', async () => {
  const table = redis.url;
  const flags = ['--silent-ms', '1500'];
  await run(startControllerProcess({ table, flags, repository: nothing.path, env: clockOff('-1h') }));
  const gateway = await run(startGateway({ table, env: clockOff('+1h') }));
  await run(startWorkerByHand('fraud', { table, env: clockOff('+1h') }));
  const victim = await run(startWorkerByHand('fraud', { table, env: clockOff('-1h') }));
  await activeWorkers(gateway, 2);
  expect(
    Math.abs(Date.parse((await fetch(gateway.url)).headers.get('date') ?? '') - Date.now()),
  ).toBeGreaterThan(3_000_000);
  load({ url: gateway.url });
  await answers(100);
  const document = await tableOf(gateway);
  for (const { status, last_activity } of document.workers) {
    expect(status).toBe('ACTIVE');
    expect(Math.abs(Date.parse(last_activity) - Date.now())).toBeLessThan(60_000);
  }
  victim.signal('SIGKILL');
  await eventually('the dead one to be in ERROR', async () => {
    const { workers } = await tableOf(gateway);
    return workers.find(({ id_worker }) => id_worker === victim.id_worker)?.status === 'ERROR';
  });
  const survivors = (await tableOf(gateway)).workers.filter(({ status }) => status === 'ACTIVE');
  expect(survivors).toHaveLength(1);
  expect((await endLoad()).failures).toEqual([]);
});
