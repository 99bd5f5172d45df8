/** A thread that shares the table of the thread that started it, states load there, and does what it is told to. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ThreadControlTable } from '../../src/table/thread/thread-control-table.ts';

const { port, id_gateway } = workerData as { port: MessagePort; id_gateway: string };
const table = await ThreadControlTable.open(port, () => performance.now());
const load = {
  id_worker: 'w1',
  ...{ in_flight: 5, completed: 1, failed: 0, latency_ms: 1, reachable: true, ejected: '' },
};
await table.state({ id_gateway, node: 'n', pid: 1, address: 'http://g', loads: [load] });
parentPort?.on('message', (message: 'throw' | 'look') => {
  if (message === 'throw') throw new Error('of the test');
  parentPort?.postMessage(table.loadOfOthers('w1', id_gateway));
});
parentPort?.postMessage('stated');
