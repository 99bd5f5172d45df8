/** How many commands reach Redis, by requests a second: gateways state their load by the clock, not by requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startBenchRedis } from '../support/redis-server.ts';
import { startFleet } from '../support/turntable-fleet.ts';
import { runWrk } from '../support/wrk.ts';
import { MODEL, type TableRun } from './table-run.ts';

/** 0 is the idle baseline: workers' signs of life, the lease, and gateways that listen. */
export const PACES = [0, 100, 1_000, 10_000] as const;
const WORKERS = 2;
/** Under load before counting begins, and under load still when it ends. */
const MARGIN_MS = 800;

export interface CommandSample {
  readonly gateways: number;
  readonly wanted_requests_per_second: number;
  readonly requests_per_second: number;
  /** Commands at Redis, those that scripts call included. */
  readonly commands_per_second: number;
  /** Of them what clients sent while the table runs: scripts and reads of the feed. */
  readonly client_calls_per_second: number;
  readonly by_command: Readonly<Record<string, number>>;
  /** Of the Redis server. */
  readonly redis_cores_busy: number;
  readonly failed: number;
}

export async function measureCommandRates(
  run: TableRun,
  paces: readonly number[] = PACES,
): Promise<CommandSample[]> {
  const samples: CommandSample[] = [];
  for (const gateways of run.options.commandGateways)
    samples.push(...(await measureWith(gateways, run, paces)));
  return samples;
}

async function measureWith(
  gateways: number,
  run: TableRun,
  paces: readonly number[],
): Promise<CommandSample[]> {
  const { bodiesFile, directory, options, say, signal } = run;
  await using started = new AsyncDisposableStack();
  const redis = started.use(await startBenchRedis(directory, signal));
  const fleet = started.use(
    await startFleet(
      {
        ...{ redis, model: MODEL, repository: options.models, gateways, workers: WORKERS },
        ...{ workerKind: 'controlled' as const, prefix: 'commands', directory },
      },
      signal,
    ),
  );
  const connections = Math.ceil(options.connections / gateways);
  const loadAll = (seconds: number, pace?: number) =>
    Promise.all(
      fleet.inferUrls.map((url) =>
        runWrk(
          { url, bodiesFile, connections, seconds, ...(pace !== undefined && { pace: pace / gateways }) },
          signal,
        ),
      ),
    );

  say(`commands, ${gateways} gateways: warming up`);
  await loadAll(options.warmUpSeconds);
  const samples: CommandSample[] = [];
  for (const pace of paces) {
    const load = pace === 0 ? Promise.resolve([]) : loadAll(options.seconds + 2, pace);
    await sleep(MARGIN_MS, undefined, { signal });
    const before = await redis.counts();
    await sleep(options.seconds * 1_000, undefined, { signal });
    const after = await redis.counts();
    const results = await load;

    const seconds = (after.atMs - before.atMs) / 1_000;
    const rates = Object.entries(after.byCommand)
      .map(([name, calls]) => [name, (calls - (before.byCommand[name] ?? 0)) / seconds] as const)
      .filter(([, rate]) => rate > 0)
      .toSorted(([, a], [, b]) => b - a);
    const by_command = Object.fromEntries(rates);
    const rate = (name: string) => by_command[name] ?? 0;
    const sample: CommandSample = {
      gateways,
      wanted_requests_per_second: pace,
      requests_per_second: results.reduce((sum, one) => sum + (one.requests * 1e6) / one.durationUs, 0),
      commands_per_second: (after.commands - before.commands) / seconds,
      client_calls_per_second: rate('evalsha') + rate('eval') + rate('xread'),
      by_command,
      redis_cores_busy: (after.cpuUs - before.cpuUs) / 1e6 / seconds,
      failed: results.flatMap(({ failed }) => Object.values(failed)).reduce((sum, count) => sum + count, 0),
    };
    say(
      `  ${pace} requests/s wanted, ${Math.round(sample.requests_per_second)} reached: ` +
        `${Math.round(sample.commands_per_second)} commands/s at Redis, ` +
        `${Math.round(sample.client_calls_per_second)} calls/s by clients`,
    );
    samples.push(sample);
  }
  return samples;
}
