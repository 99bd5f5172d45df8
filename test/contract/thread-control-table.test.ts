/** The table that threads share under the contract suite: a thread's side over a port, over the table in memory. */
import { MessageChannel } from 'node:worker_threads';
import { MemoryControlTable } from '../../src/table/memory/memory-control-table.ts';
import { TableHub } from '../../src/table/thread/table-hub.ts';
import { ThreadControlTable } from '../../src/table/thread/thread-control-table.ts';
import { describeControlTable } from './control-table.ts';

describeControlTable('ThreadControlTable over MemoryControlTable', async () => {
  let passedMs = 0;
  const memory = new MemoryControlTable(() => 1_700_000_000_000 + passedMs);
  const hub = new TableHub(memory, () => performance.now());
  const { port1, port2 } = new MessageChannel();
  hub.connect(port1);
  const table = await ThreadControlTable.open(port2, () => passedMs);
  return {
    table,
    advance: async (ms) => {
      passedMs += ms;
      await hub.look();
    },
    close: async () => {
      await table.close();
      hub.close();
      await memory.close();
    },
  };
});
