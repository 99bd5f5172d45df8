/** Deliberately wrong: an implementation of the table, wired by somebody else than the command line. */
export { redisTable } from '../table/redis/redis-table.ts';
