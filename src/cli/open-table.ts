/** Which process control table a process is told to use, and how it comes to it: in memory, or on Redis. */
import { ConfigError } from '../config/load-config.ts';
import type { ControlTable, WorkerTable } from '../table/control-table.ts';
import { MemoryControlTable } from '../table/memory/memory-control-table.ts';
import type { RedisTarget } from '../table/redis/redis-target.ts';
import type { Logger } from '../telemetry/logger.ts';
import { TurntableError } from '../turntable-error.ts';

/** What the configuration says of the table. */
export interface TableSettings {
  readonly table: string;
  readonly tablePrefix: string;
}

/** A table that others can reach too. */
export interface SharedTable {
  /** May hold a password. */
  readonly url: string;
  readonly prefix: string;
}

class TableUnreachableError extends TurntableError<'UNREACHABLE'> {
  constructor(shown: string, reason: string, options?: { cause?: unknown }) {
    super(
      'UNREACHABLE',
      `the process control table at ${shown} cannot be used: ${reason}; see that Redis runs there, that this ` +
        'machine can reach it and that user and password are right, or name another with --table or TURNTABLE_TABLE',
      options,
    );
  }
}

/** How long a process that starts waits for its table. */
const READY_TIMEOUT_MS = 10_000;
const ASK_EVERY_MS = 20;

/** The table that others share, or undefined where it is in memory. */
export function sharedTable({ table, tablePrefix }: TableSettings): SharedTable | undefined {
  return table === 'memory' || table === '' ? undefined : { url: table, prefix: tablePrefix };
}

/**
 * The same, for a role that is nothing without the others.
 * @throws ConfigError when the table is in memory
 */
export function requireSharedTable(role: string, settings: TableSettings): SharedTable {
  const shared = sharedTable(settings);
  if (shared) return shared;
  throw new ConfigError(
    `a ${role} needs a table that other processes can reach: give --table redis://HOST (or TURNTABLE_TABLE); ` +
      'to run all in one process, use "turntable serve"',
  );
}

/**
 * The table, read and ready.
 * @param name of this process in Redis's list of clients
 * @throws ConfigError when its URL is none, TableUnreachableError when it cannot be read in time
 */
export async function openTable(settings: TableSettings, name: string, log: Logger): Promise<ControlTable> {
  const shared = sharedTable(settings);
  if (!shared) return new MemoryControlTable(() => Date.now());
  const { target, shown } = await readTarget(shared.url);
  // Only here: who has its table in memory need not load what speaks to Redis.
  const { RedisControlTable } = await import('../table/redis/redis-control-table.ts');
  const now = () => performance.now();
  const table = new RedisControlTable({ target, prefix: shared.prefix, name, now, log });
  try {
    await table.ready(READY_TIMEOUT_MS);
  } catch (error) {
    await table.close();
    throw new TableUnreachableError(shown, reasonOf(error), { cause: error });
  }
  return table;
}

export interface OpenWorkerTable {
  readonly table: WorkerTable;
  /** @throws TableUnreachableError when it cannot be reached in time */
  ready(): Promise<void>;
}

/**
 * What a worker needs of a table that others share; at once, whether it can be reached or not.
 * @throws ConfigError when its URL is none
 */
export async function openWorkerTable({ url, prefix }: SharedTable, name: string): Promise<OpenWorkerTable> {
  const { target, shown } = await readTarget(url);
  const { ANSWER_TIMEOUT_MS, RedisClient } = await import('../table/redis/redis-client.ts');
  const { isOfCredentials } = await import('../table/redis/redis-errors.ts');
  const { RedisWorkerTable } = await import('../table/redis/redis-worker-table.ts');
  const { TableKeys } = await import('../table/redis/table-keys.ts');
  const keys = new TableKeys(prefix);
  const client = new RedisClient({
    target,
    name,
    timeoutMs: ANSWER_TIMEOUT_MS,
    homeKey: keys.meta,
    // What the worker says of itself shows soon enough whether the table is there.
    onUp: () => {},
    onDown: () => {},
  });
  return {
    table: new RedisWorkerTable({ client, keys }),
    async ready() {
      const deadline = performance.now() + READY_TIMEOUT_MS;
      while (!client.up) {
        if (performance.now() > deadline || isOfCredentials(client.lastError ?? '')) {
          throw new TableUnreachableError(shown, client.lastError ?? 'it does not answer');
        }
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
      }
    },
  };
}

/** The table as it may be shown: without passwords. @throws ConfigError when its URL is none */
export async function displayTable({ table }: TableSettings): Promise<string> {
  return table === 'memory' ? 'memory' : (await readTarget(table)).shown;
}

async function readTarget(url: string): Promise<{ readonly target: RedisTarget; readonly shown: string }> {
  const { displayTarget, parseRedisUrl, TableUrlError } = await import('../table/redis/redis-target.ts');
  try {
    const target = parseRedisUrl(url);
    return { target, shown: displayTarget(target) };
  } catch (error) {
    if (!(error instanceof TableUrlError)) throw error;
    throw new ConfigError(`${error.message}; it is what --table or TURNTABLE_TABLE says (default: memory)`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof TurntableError && 'reason' in error
    ? String(error.reason)
    : (error as Error).message;
}
