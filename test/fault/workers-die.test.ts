/** Workers are killed, frozen and asked to go under load; clients see nothing of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Load, startLoad } from '../support/load.ts';
import { type ServerOptions, startServer, type TestServer } from '../support/server.ts';
import { isAlive, type WorkerView, workersOf } from '../support/workers.ts';

let server: TestServer;
let load: Load | undefined;

afterEach(async () => {
  await load?.stop();
  load = undefined;
  await server.close();
});

async function underLoad(options: ServerOptions = {}): Promise<WorkerView[]> {
  server = await startServer(options);
  load = startLoad({ url: server.url });
  await answers(50);
  return workersOf(server.url, 'fraud');
}

/** The two workers of the model under load; a signal to a missing one would go to the test itself. */
async function victimsUnderLoad(options: ServerOptions = {}): Promise<[WorkerView, WorkerView]> {
  const [one, other] = await underLoad(options);
  if (!one || !other) throw new Error('there are not two workers');
  return [one, other];
}

/** Waits until that many more requests are answered. */
async function answers(more: number): Promise<void> {
  const running = load as Load;
  const wanted = running.answered + more;
  await eventually(`${more} more answers`, () => running.answered >= wanted);
}

async function endLoad() {
  const result = await (load as Load).stop();
  load = undefined;
  return result;
}

async function twoActiveWithout(...ids: string[]): Promise<WorkerView[]> {
  return eventually('two active workers', async () => {
    const workers = await workersOf(server.url, 'fraud');
    const fine =
      workers.length === 2 && workers.every((one) => one.status === 'ACTIVE' && !ids.includes(one.id_worker));
    return fine ? workers : undefined;
  });
}

describe('under load', () => {
  it('a worker killed with kill -9 costs no request and is replaced under a new id', async () => {
    const [victim, other] = await victimsUnderLoad();
    process.kill(victim.pid, 'SIGKILL');
    const now = await twoActiveWithout(victim.id_worker);
    expect(now.map((worker) => worker.id_worker)).toContain(other.id_worker);
    await answers(50);
    expect((await endLoad()).failures).toEqual([]);
  });

  it('all workers of a model killed at once cost no request', async () => {
    const victims = await underLoad();
    for (const { pid } of victims) process.kill(pid, 'SIGKILL');
    await twoActiveWithout(...victims.map((one) => one.id_worker));
    await answers(50);
    expect((await endLoad()).failures).toEqual([]);
  });

  // That this takes less than a second is shown where the clock is a test's own: test/integration/channel.test.ts.
  it('a frozen worker is taken out, costs no request, and comes back by itself', async () => {
    const [victim] = await victimsUnderLoad();
    const { pid, id_worker } = victim;
    process.kill(pid, 'SIGSTOP');
    await eventually('the worker to be in ERROR', async () => {
      const workers = await workersOf(server.url, 'fraud');
      return workers.find((one) => one.id_worker === id_worker)?.status === 'ERROR';
    });
    await answers(50);
    process.kill(pid, 'SIGCONT');
    await twoActiveWithout();
    expect((await workersOf(server.url, 'fraud')).map((one) => one.id_worker)).toContain(id_worker);
    await answers(50);
    expect((await endLoad()).failures).toEqual([]);
  });

  it('a worker that stays frozen is killed and replaced', async () => {
    const [victim] = await victimsUnderLoad({ flags: ['--error-grace-ms', '500'] });
    process.kill(victim.pid, 'SIGSTOP');
    await twoActiveWithout(victim.id_worker);
    expect(isAlive(victim.pid)).toBe(false);
    expect((await endLoad()).failures).toEqual([]);
  });

  it('a worker asked to go with SIGTERM finishes what it has and is replaced', async () => {
    const [victim] = await victimsUnderLoad({ env: { TURNTABLE_LOG_LEVEL: 'warn' } });
    process.kill(victim.pid, 'SIGTERM');
    await twoActiveWithout(victim.id_worker);
    await answers(50);
    expect((await endLoad()).failures).toEqual([]);
    expect(server.output).not.toContain('worker died');
  });

  it('CT3: current_requests is back to zero when all is answered, also after losses', async () => {
    const [victim] = await victimsUnderLoad();
    process.kill(victim.pid, 'SIGKILL');
    await answers(50);
    await endLoad();
    await eventually(
      'current_requests to be 0',
      async () => (await workersOf(server.url, 'fraud')).every((one) => one.current_requests === 0),
      3_000 + 2_000,
    );
  });
});
