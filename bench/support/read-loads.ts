/** What gateways have said in a table of each worker, read past everything that would take part in it. */
import type { WorkerLoad } from '../../src/table/load-statement.ts';
import { decodeLoads, type FlatHash } from '../../src/table/redis/row-codec.ts';
import { TableKeys } from '../../src/table/redis/table-keys.ts';
import type { BenchRedis } from './redis-server.ts';

/** By worker, a word of each gateway. */
export async function readLoads(redis: BenchRedis, prefix: string): Promise<Map<string, WorkerLoad[]>> {
  const keys = new TableKeys(prefix);
  const loads = new Map<string, WorkerLoad[]>();
  for (const id_gateway of (await redis.ask('ZRANGE', keys.gateways, 0, -1)) as string[]) {
    const flat = (await redis.ask('HGETALL', keys.load(id_gateway))) as FlatHash;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      for (const load of decodeLoads(`${flat[i]} ${flat[i + 1]}`)) {
        loads.set(load.id_worker, [...(loads.get(load.id_worker) ?? []), load]);
      }
    }
  }
  return loads;
}
