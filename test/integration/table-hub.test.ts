/** Threads that share one table: they hear of each other's load, and what one said goes with it when it dies. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryControlTable } from '../../src/table/memory/memory-control-table.ts';
import { TableHub } from '../../src/table/thread/table-hub.ts';
import { ThreadControlTable } from '../../src/table/thread/thread-control-table.ts';
import { eventually } from '../support/eventually.ts';

const THREAD = new URL('../support/table-thread.ts', import.meta.url);

let memory: MemoryControlTable;
let hub: TableHub;
let threads: Worker[] = [];

beforeEach(async () => {
  // Its clock stands still, so that nothing lapses by itself.
  memory = new MemoryControlTable(() => 1_700_000_000_000);
  hub = new TableHub(memory, () => performance.now());
  await memory.register({
    ...{ id_worker: 'w1', id_model: 'm', version: '1', endpoint: 'turntable+unix:///w1', slots: 8 },
    ...{ node: 'n', pid: 1, supervised: true, revision: 'r', weight: 1 },
  });
});
afterEach(async () => {
  for (const thread of threads) await thread.terminate();
  threads = [];
  hub.close();
  await memory.close();
});

/** Resolves when it has stated 5 requests in flight at the worker. */
async function startThread(id_gateway: string): Promise<Worker> {
  const { port1, port2 } = new MessageChannel();
  hub.connect(port1);
  const thread = new Worker(THREAD, { workerData: { port: port2, id_gateway }, transferList: [port2] });
  threads.push(thread);
  await once(thread, 'message');
  return thread;
}

async function loadOfOthers(thread: Worker): Promise<number> {
  thread.postMessage('look');
  return (await once(thread, 'message'))[0];
}

it('each hears the load of the others, and the table the sum', async () => {
  const [first, second] = [await startThread('a'), await startThread('b')];
  expect(memory.worker('w1')?.current_requests).toBe(10);
  for (const thread of [first, second]) {
    await eventually('it to hear', async () => (await loadOfOthers(thread)) === 5);
  }
});

it.each(['terminated', 'thrown out'])(
  'CT3: what a thread said vanishes at once when it is %s',
  async (how) => {
    const [first, second] = [await startThread('a'), await startThread('b')];
    first.on('error', () => {});
    if (how === 'terminated') void first.terminate();
    else first.postMessage('throw');
    await eventually('its load to vanish', () => memory.worker('w1')?.current_requests === 5);
    expect(memory.view().gateways.map(({ id_gateway }) => id_gateway)).toEqual(['b']);
    await eventually('the other to hear', async () => (await loadOfOthers(second)) === 0);
  },
);

it('a thread that is stuck is sent one message of news and no more', async () => {
  const { port1, port2 } = new MessageChannel();
  hub.connect(port1);
  let news = 0;
  port2.on('message', ({ name }: { name: string }) => {
    if (name === 'news') news++;
  });
  port2.postMessage({ call: 1, name: 'open', args: [] });
  for (let i = 1; i <= 50; i++) {
    const load = { id_worker: 'w1', in_flight: i, completed: 0, failed: 0, latency_ms: 0 };
    const loads = [{ ...load, reachable: true, ejected: '' }];
    await memory.state({ id_gateway: 'other', node: 'n', pid: 1, address: 'x', loads });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(news).toBe(1);
  port2.close();
});

it('what a change needs to be refused by comes back from the table, with its code', async () => {
  const { port1, port2 } = new MessageChannel();
  hub.connect(port1);
  const table = await ThreadControlTable.open(port2, () => performance.now());
  memory.putModel = () => Promise.reject(Object.assign(new Error('no room'), { code: 'OOM' }));
  const record = { ...{ id_model: 'm', version: '1', state: 'READY' as const, reason: '', platform: '' } };
  const more = { replicas: 1, max_batch_size: 0, max_queue_delay_us: 0, idempotent: true };
  await expect(
    table.putModel({ ...record, ...more, signature: undefined, unloaded: false }),
  ).rejects.toMatchObject({ code: 'OOM', message: 'no room' });
  hub.close();
  await eventually('calls to fail', () =>
    table.removeModel('m', '1').then(
      () => false,
      (error: { code: string }) => error.code === 'PORT_CLOSED',
    ),
  );
});
