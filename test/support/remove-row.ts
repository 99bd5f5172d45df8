/** A row that somebody removes behind the back of its worker. */
import type { RedisServer } from './redis-server.ts';

const REMOVE = `
redis.call('DEL', '{' .. ARGV[1] .. '}:worker:' .. ARGV[2])
redis.call('SREM', '{' .. ARGV[1] .. '}:workers', ARGV[2])
redis.call('ZADD', '{' .. ARGV[1] .. '}:removed', ARGV[3], ARGV[2])`;

/** At one go: in pieces, a sign of life in between has the table take the row for lost, and enter it again. */
export async function removeRow(redis: RedisServer, prefix: string, id_worker: string): Promise<void> {
  await redis.cli('EVAL', REMOVE, 0, prefix, id_worker, Date.now());
}
