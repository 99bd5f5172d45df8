/** The memory table under the contract suite. */
import { MemoryControlTable } from '../../src/table/memory/memory-control-table.ts';
import { describeControlTable } from './control-table.ts';

describeControlTable('MemoryControlTable', async () => {
  let now = 1_700_000_000_000;
  const table = new MemoryControlTable(() => now);
  return {
    table,
    advance: async (ms) => {
      now += ms;
    },
    close: () => table.close(),
  };
});
