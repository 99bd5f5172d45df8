/** The control table on Redis as a test or a benchmark itself opens it, beside the processes that it starts. */
import { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { parseRedisUrl } from '../../src/table/redis/redis-target.ts';

type Log = ConstructorParameters<typeof RedisControlTable>[0]['log'];

const SILENT: Log = { warn: () => {}, info: () => {} };
const READY_TIMEOUT_MS = 10_000;

/** Resolves when it can be spoken to. @param name of the connection, for Redis */
export async function openTable(
  url: string,
  prefix: string,
  { name = 'test', log = SILENT }: { readonly name?: string; readonly log?: Log } = {},
): Promise<RedisControlTable> {
  const target = parseRedisUrl(url);
  const table = new RedisControlTable({ target, prefix, name, now: () => performance.now(), log });
  await table.ready(READY_TIMEOUT_MS);
  return table;
}
