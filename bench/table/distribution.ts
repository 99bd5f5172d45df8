/** How evenly several gateways, each with its own view of the load, spread requests over equal workers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startBenchRedis } from '../support/redis-server.ts';
import { sendCounted } from '../support/request-waves.ts';
import { startFleet, type TurntableFleet } from '../support/turntable-fleet.ts';
import { MODEL, type TableRun } from './table-run.ts';

const GATEWAYS = 3;
const WORKERS = 4;
const REQUESTS = 10_000;
/** What a gateway says last is said by then. */
const LAST_WORD_MS = 300;
const GIVE_UP_MS = 5_000;

export const PATTERNS = {
  'closed loop': { clients: 8 },
  bursts: { clients: 40, burstPauseMs: 5 },
} as const;
export type Pattern = keyof typeof PATTERNS;

/** Of the timed workers no one is slower; workers of a real model share the machine's cores and need not be equal. */
const FLEETS = { timed: 'timed', fraud: MODEL } as const;
export type Fleet = keyof typeof FLEETS;

export interface DistributionSample {
  readonly fleet: Fleet;
  readonly pattern: Pattern;
  readonly round: number;
  /** Requests that each worker completed, by what the gateways say in the table. */
  readonly completed: readonly number[];
  /** Latency of each, mean over the gateways of what they say: equal workers on a busy machine may not be equal. */
  readonly latency_ms: readonly number[];
  readonly max_over_min: number;
}

export async function measureDistribution(run: TableRun): Promise<DistributionSample[]> {
  return [...(await measureFleet(run, 'timed')), ...(await measureFleet(run, 'fraud'))];
}

async function measureFleet(run: TableRun, of: Fleet): Promise<DistributionSample[]> {
  const { bodies, directory, options, say, signal } = run;
  await using started = new AsyncDisposableStack();
  const redis = started.use(await startBenchRedis(directory, signal));
  const fleet = started.use(
    await startFleet(
      {
        ...{ redis, model: FLEETS[of], repository: options.models, gateways: GATEWAYS, workers: WORKERS },
        ...{
          workerKind: of === 'timed' ? ('timed' as const) : ('controlled' as const),
          prefix: of,
          directory,
        },
      },
      signal,
    ),
  );
  const send = (pattern: Pattern) =>
    sendCounted({ urls: fleet.inferUrls, bodies, requests: REQUESTS, ...PATTERNS[pattern] }, signal);

  say('distribution: warming up');
  await send('closed loop');
  let before = await settled(fleet, REQUESTS, signal);
  const samples: DistributionSample[] = [];
  for (let round = 1; round <= options.distributions; round++) {
    for (const pattern of Object.keys(PATTERNS) as Pattern[]) {
      await send(pattern);
      const after = await settled(fleet, sum(before.values()) + REQUESTS, signal);
      const latency_ms = await latencies(fleet, [...after.keys()]);
      const completed = [...after].map(([id, count]) => count - (before.get(id) ?? 0));
      before = after;
      const max_over_min = Math.max(...completed) / Math.min(...completed);
      say(
        `distribution, ${of}, ${pattern}: ${completed.join(', ')}; max/min ${max_over_min.toFixed(4)}; ` +
          `latency ${latency_ms.map((ms) => ms.toFixed(1)).join(', ')} ms`,
      );
      samples.push({ fleet: of, pattern, round, completed, latency_ms, max_over_min });
    }
  }
  return samples;
}

/** Completions by worker, once the gateways have told of all. */
async function settled(
  fleet: TurntableFleet,
  expected: number,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const givesUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    await sleep(LAST_WORD_MS, undefined, { signal });
    const loads = [...(await fleet.readLoads())];
    const completed = new Map(loads.map(([id, said]) => [id, sum(said.map((load) => load.completed))]));
    if (sum(completed.values()) === expected) return completed;
    if (performance.now() > givesUpAt)
      throw new Error(`the table tells of ${sum(completed.values())} requests, of ${expected} sent`);
  }
}

async function latencies(fleet: TurntableFleet, ids: readonly string[]): Promise<number[]> {
  const loads = await fleet.readLoads();
  return ids.map((id) => {
    const said = loads.get(id) ?? [];
    return sum(said.map(({ latency_ms }) => latency_ms)) / said.length;
  });
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
