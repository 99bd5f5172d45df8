/** A gateway's exchange of load with the table and nothing else, in a process of its own, so that its CPU is known. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerLoad } from '../../src/table/load-statement.ts';
import type { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { openBenchTable } from './bench-table.ts';
import type { TickMeasurement, TickRequest } from './tick-cost.ts';

/** As often as a gateway states its load while it changes. */
const INTERVAL_MS = 10;

const id_gateway = `gw-${process.pid}`;

process.on('message', async (request: TickRequest) => {
  const table = await openBenchTable(request.url, request.prefix);
  const measurement = await measure(table, request);
  await table.retract(id_gateway);
  await table.close();
  process.send?.(measurement);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

async function measure(table: RedisControlTable, request: TickRequest): Promise<TickMeasurement> {
  const ids = table.view().workers.map(({ id_worker }) => id_worker);
  let heard = 0;
  // As a gateway takes in what others say.
  table.subscribe((change) => {
    if (change.kind !== 'load') return;
    for (const id of ids) {
      if (change.id_workers?.has(id) !== false) heard += table.loadOfOthers(id, id_gateway);
    }
  });
  const completed = new Map(ids.map((id) => [id, 0]));
  let turn = 0;
  const tickFor = async (ms: number) => {
    const until = performance.now() + ms;
    let ticks = 0;
    for (; performance.now() < until; ticks++) {
      const changing = Math.round(ids.length * request.changing);
      for (let i = 0; i < changing; i++) {
        const id = ids[(turn + i) % ids.length] as string;
        completed.set(id, (completed.get(id) ?? 0) + 1);
      }
      turn += changing;
      const loads = ids.map((id): WorkerLoad => {
        const done = completed.get(id) ?? 0;
        return {
          ...{ id_worker: id, in_flight: done % 7, completed: done, failed: 0 },
          ...{ latency_ms: 1.5 + (done % 100) / 100, reachable: true, ejected: '' },
        };
      });
      const stated = table.state({ id_gateway, node: 'bench', pid: process.pid, address: 'bench', loads });
      await Promise.all([stated, sleep(INTERVAL_MS)]);
    }
    return ticks;
  };

  await tickFor(request.warmUpMs);
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const ticks = await tickFor(request.ms);
  const { user, system } = process.cpuUsage(cpu);
  const elapsedMs = performance.now() - begin;
  const { outages } = table.view().health;
  // Until the others have measured too.
  await tickFor(request.warmUpMs);
  return { ticks, elapsedMs, cpuUs: user + system, outages, heard };
}
