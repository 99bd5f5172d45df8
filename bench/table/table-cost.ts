/** What the table on Redis costs on the way of a request: the same server with either table, by turns. */
import { sayLoad } from '../overhead/progress.ts';
import { type LoadSample, measureLoad } from '../support/measure-load.ts';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { startBenchRedis } from '../support/redis-server.ts';
import { rotated } from '../support/statistics.ts';
import { startFleet } from '../support/turntable-fleet.ts';
import { startTurntable } from '../support/turntable-server.ts';
import { runWrk } from '../support/wrk.ts';
import { type FreezeSample, measureFreezes } from './redis-freeze.ts';
import { MODEL, type TableRun } from './table-run.ts';

const WORKERS = 2;

export const SYSTEMS = ['serve, memory', 'serve, redis', 'gateway role, redis'] as const;
export type CostSystem = (typeof SYSTEMS)[number];

export interface TableCost {
  /** One of each system a round. */
  readonly load: readonly LoadSample[];
  readonly freeze: readonly FreezeSample[];
}

/**
 * Only the table differs between the first two: gateway and controller in one process, workers of their own. The
 * third is a gateway alone, with the controller in another process. All stay up; the idle ones' CPU is in each sample.
 */
export async function measureTableCost(run: TableRun): Promise<TableCost> {
  const { bodiesFile, directory, options, say, signal } = run;
  await using started = new AsyncDisposableStack();
  const common = { models: [MODEL], repository: options.models, replicas: WORKERS, directory };
  const ofServe = started.use(await startBenchRedis(directory, signal));
  const ofRoles = started.use(await startBenchRedis(directory, signal));
  const [inMemory, onRedis, roles] = SYSTEMS;
  const memory = started.use(await startTurntable({ ...common, name: inMemory }, signal));
  const redis = started.use(await startTurntable({ ...common, name: onRedis, table: ofServe.url }, signal));
  const fleet = started.use(
    await startFleet(
      {
        ...{ redis: ofRoles, model: MODEL, repository: options.models, gateways: 1, workers: WORKERS },
        ...{ workerKind: 'controlled' as const, prefix: 'cost', directory },
      },
      signal,
    ),
  );
  const systems: MeasuredSystem[] = [memory, redis, { ...fleet, name: roles }];
  const load = (seconds: number) => ({ bodiesFile, connections: options.connections, seconds });

  say('cost: warming up');
  for (const { inferUrl } of systems) {
    await runWrk({ ...load(options.warmUpSeconds), url: inferUrl }, signal);
  }
  const samples: LoadSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    say(`cost, round ${round} of ${options.rounds}`);
    for (const system of rotated(systems, round - 1)) {
      if (options.refillSeconds > 0) {
        await runWrk({ ...load(options.refillSeconds), url: system.inferUrl }, signal);
      }
      const idle = systems.filter((other) => other !== system);
      const sample = await measureLoad({ system, idle, round }, load(options.seconds), signal);
      sayLoad(say, sample, system.name);
      samples.push(sample);
    }
  }
  return { load: samples, freeze: await measureFreezes(run, redis.inferUrl, ofServe) };
}
