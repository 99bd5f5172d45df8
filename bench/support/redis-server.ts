/** A Redis server of the benchmark's own on a Unix socket, and what it counts, without what the counting costs. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startProcess } from './owned-process.ts';

const POLL_MS = 10;
const START_TIMEOUT_MS = 10_000;

/** Counted since the server started. */
export interface RedisCounts {
  readonly atMs: number;
  /** Commands, those that scripts call included; none of the benchmark's own. */
  readonly commands: number;
  /** Of them by name, such as `evalsha` and `hset`. */
  readonly byCommand: Readonly<Record<string, number>>;
  /** CPU of the server in microseconds, user and system. */
  readonly cpuUs: number;
}

export interface BenchRedis extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  counts(): Promise<RedisCounts>;
  /** A command that is not counted. */
  ask(command: string, ...args: (string | number)[]): Promise<unknown>;
  /** Stops the process where it stands. */
  freeze(): void;
  thaw(): void;
}

export async function startBenchRedis(parent: string, signal: AbortSignal): Promise<BenchRedis> {
  await using started = new AsyncDisposableStack();
  const directory = mkdtempSync(join(parent, 'redis-'));
  const socket = join(directory, 'redis.sock');
  const server = started.use(
    await startProcess(
      'redis-server',
      ['--port', '0', '--unixsocket', socket, '--dir', directory, '--save', '', '--appendonly', 'no'],
      { logFile: join(directory, 'redis.log') },
    ),
  );
  const redis = started.adopt(
    new Redis({
      ...{ path: socket, protocol: 2, lazyConnect: true, enableReadyCheck: false },
      ...{ retryStrategy: () => POLL_MS, maxRetriesPerRequest: START_TIMEOUT_MS / POLL_MS },
    }),
    (connection) => connection.disconnect(),
  );
  // The server says itself why it does not come up; that it is not up yet is no error.
  redis.on('error', () => {});
  const givesUpAt = performance.now() + START_TIMEOUT_MS;
  while ((await redis.ping().catch(() => '')) !== 'PONG') {
    signal.throwIfAborted();
    server.assertRunning();
    if (performance.now() > givesUpAt) throw new Error('redis-server does not answer');
    await sleep(POLL_MS, undefined, { signal });
  }

  const own = new Map<string, number>();
  const ask = async (command: string, ...args: (string | number)[]) => {
    const name = command.toLowerCase();
    own.set(name, (own.get(name) ?? 0) + 1);
    return redis.call(command, args);
  };
  const owned = started.move();
  return {
    url: `redis+unix://${socket}`,
    pid: server.pid,
    ask,
    async counts() {
      // Its own count comes after its answer is made.
      const before = new Map(own);
      return parseCounts(String(await ask('INFO', 'everything')), before);
    },
    freeze: () => process.kill(server.pid, 'SIGSTOP'),
    thaw: () => process.kill(server.pid, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      process.kill(server.pid, 'SIGCONT');
      await owned.disposeAsync();
    },
  };
}

function parseCounts(info: string, own: ReadonlyMap<string, number>): RedisCounts {
  const number = (name: string) => {
    const value = new RegExp(`^${name}:([0-9.]+)`, 'm').exec(info)?.[1];
    if (value === undefined) throw new Error(`Redis tells no ${name}`);
    return Number(value);
  };
  const byCommand: Record<string, number> = {};
  for (const [, name, calls] of info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    byCommand[name!] = Number(calls) - (own.get(name!) ?? 0);
  }
  const ownSum = [...own.values()].reduce((sum, calls) => sum + calls, 0);
  return {
    atMs: performance.now(),
    commands: number('total_commands_processed') - ownSum,
    byCommand,
    cpuUs: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6,
  };
}
