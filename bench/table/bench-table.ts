/** The control table on Redis as the benchmark itself opens it. */
import { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { parseRedisUrl } from '../../src/table/redis/redis-target.ts';

const READY_TIMEOUT_MS = 10_000;

const warn = (fields: object, message: string) =>
  process.stderr.write(`  table: ${message} ${JSON.stringify(fields)}\n`);

export async function openBenchTable(url: string, prefix: string): Promise<RedisControlTable> {
  const table = new RedisControlTable({
    ...{ target: parseRedisUrl(url), prefix, name: 'bench' },
    now: () => performance.now(),
    log: { warn, info: warn },
  });
  await table.ready(READY_TIMEOUT_MS);
  return table;
}
