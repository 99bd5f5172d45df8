/** Equal workers for certain: on the real channel and in the real table, with a service that takes time and no CPU. */
import { startTimedWorker } from '../../test/support/timed-worker.ts';
import { openBenchTable } from './bench-table.ts';

const [url = '', prefix = '', count = '0'] = process.argv.slice(2);

/** A request takes from 2 to 8 ms, whatever else runs on the machine. */
const serviceMs = () => 2 + Math.random() * 6;

const table = await openBenchTable(url, prefix);
for (let i = 0; i < Number(count); i++) await startTimedWorker(table, `timed-1-${i}`, serviceMs);
