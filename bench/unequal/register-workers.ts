/** Puts HTTP workers into the process control table, and keeps them there by signs of life. */
import { hostname } from 'node:os';
import { openWorkerTable } from '../../src/cli/open-table.ts';
import { TablePresence } from '../../src/cli/table-presence.ts';
import type { TableEntry } from './start-timed-workers.ts';

const HEARTBEAT_MS = 1_000;
const TENSOR = { name: 'demand_ms', datatype: 'FP32', shape: [1] } as const;

export async function registerWorkers(entry: TableEntry, ports: readonly number[]): Promise<void> {
  const { url, prefix, slots, weights } = entry;
  const { table, ready } = await openWorkerTable({ url, prefix }, 'bench-workers');
  await ready();
  const warn = (fields: object, message: string) =>
    process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
  const onGone = () => process.exit(1);
  const presences = await Promise.all(
    ports.map(async (port, index) => {
      const presence = new TablePresence({
        ...{ table, supervised: false, revision: 'timed', log: { warn, info: warn } },
        ...{ onRetired: onGone, onRemoved: onGone },
      });
      await presence.register({
        ...{ id_worker: `timed-1-${index}`, id_model: 'timed', version: '1' },
        ...{ endpoint: `http://127.0.0.1:${port}`, slots, weight: weights[index] ?? 1 },
        ...{ node: hostname(), pid: process.pid, platform: 'timed', idempotent: true },
        ...{ max_batch_size: 0, max_queue_delay_us: 0 },
        signature: { inputs: [TENSOR], outputs: [TENSOR], batchable: false },
      });
      await presence.ready();
      return presence;
    }),
  );
  setInterval(() => {
    for (const presence of presences) void presence.heartbeat({ rss_bytes: 0 });
  }, HEARTBEAT_MS);
}
