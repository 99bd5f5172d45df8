/** The control table on Redis as the benchmark itself opens it. */
import type { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { openTable } from '../../test/support/open-table.ts';

const warn = (fields: object, message: string) =>
  process.stderr.write(`  table: ${message} ${JSON.stringify(fields)}\n`);

export function openBenchTable(url: string, prefix: string): Promise<RedisControlTable> {
  return openTable(url, prefix, { name: 'bench', log: { warn, info: warn } });
}
