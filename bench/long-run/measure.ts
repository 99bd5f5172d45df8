/** The run itself: capacity, load that does not wait, a worker killed in each minute, and a look at what is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from '../faults/window.ts';
import { makeFraudRequests } from '../support/fraud-requests.ts';
import { type OpenLoopResult, runOpenLoop } from '../support/open-loop.ts';
import { seededRandom } from '../support/random.ts';
import { metricSum, readMetrics, readWorkers } from '../support/read-metrics.ts';
import { startTurntable } from '../support/turntable-server.ts';
import { drawArrivals } from './arrivals.ts';
import { type KillSample, killOne } from './kills.ts';
import type { LongRunOptions } from './options.ts';
import { cutSlice, disturbances, type Slice } from './slices.ts';
import { type HoldSample, type Leftovers, readHold } from './watch.ts';

export interface LongRun {
  readonly options: LongRunOptions;
  /** For files; removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}

export interface LongRunSamples {
  readonly capacity_per_second: number;
  readonly rate_per_second: number;
  readonly slices: readonly Slice[];
  readonly kills: readonly KillSample[];
  readonly holds: readonly HoldSample[];
  readonly leftovers: Leftovers;
  /** Requests sent again because their worker was lost. */
  readonly retries: number;
  readonly open_files_before: number;
  readonly open_files_after: number;
  /** p99 of how late the load generator itself was. */
  readonly lag_ms: number;
}

const MODEL = 'fraud';
const BODIES = 512;
const ROWS_PER_REQUEST = 4;
/** Of the closed loop. */
const CONNECTIONS = 64;
const WARM_UP_REQUESTS = 4_000;
/** After a load has ended: for connections that idle away, and for what gateways state last (CT3). */
const SETTLE_MS = 3_500;
const HEAP_EVERY_SECONDS = 5;
/** While the run goes on, of so many requests one tells of latency. */
const PROGRESS_EVERY = 16;
/** In each minute a worker is killed after this part of it. */
const KILL_AT = 0.3;

export async function measureLongRun(run: LongRun): Promise<LongRunSamples> {
  const { options, directory, say, signal } = run;
  await using server = await startTurntable(
    { models: [MODEL], repository: options.models, replicas: options.workers, directory },
    signal,
  );
  const { origin } = new URL(server.inferUrl);
  const bodies = makeFraudRequests(BODIES, ROWS_PER_REQUEST).bodies.map((body) => Buffer.from(body));
  const send = { urls: [server.inferUrl], body: (index: number) => bodies[index % bodies.length]!, signal };

  const capacity_per_second = await measureCapacity(send, options.capacitySeconds);
  const rate_per_second = capacity_per_second * options.load;
  say(
    `it carries ${Math.round(capacity_per_second)} requests/s in a closed loop of ${CONNECTIONS}; ` +
      `${Math.round(rate_per_second)} requests/s come from now on`,
  );
  await sleep(SETTLE_MS, undefined, { signal });
  const { open_files: open_files_before } = await readHold(server, 0, false, signal);

  const seconds = options.slices * options.sliceSeconds;
  const random = seededRandom(options.seed);
  const arrivalsMs = drawArrivals(options, rate_per_second, seconds, random);
  const holds: HoldSample[] = [];
  const kills: Promise<KillSample>[] = [];
  const ended: KillSample[] = [];
  const troubles: unknown[] = [];
  const begin = performance.now();
  const now = () => performance.now() - begin;
  const slice = (minute: number, load: Load, every: number) =>
    cutSlice(minute, {
      ...{ load, holds, every, sliceSeconds: options.sliceSeconds },
      disturbed: disturbances(ended, options.calmMs),
    });
  const onSecond = (second: number, load: Load) => {
    const minute = Math.floor(second / options.sliceSeconds);
    const within = second % options.sliceSeconds;
    readHold(server, second, second % Math.min(HEAP_EVERY_SECONDS, options.sliceSeconds) === 0, signal).then(
      (hold) => holds.push(hold),
      (error: unknown) => troubles.push(error),
    );
    if (
      within === Math.floor(options.sliceSeconds * KILL_AT) &&
      minute < options.slices &&
      options.killIn(minute)
    ) {
      const kill = killOne({ origin, workers: options.workers, random, now, signal });
      kill.then(
        (sample) => ended.push(sample),
        (error: unknown) => troubles.push(error),
      );
      kills.push(kill);
    }
    // A second later, when what came last in it has been answered.
    if (within === 1 && minute > 0) say(minuteLine(slice(minute, load, PROGRESS_EVERY)));
  };
  const load: OpenLoopResult = await runOpenLoop({
    ...{ ...send, arrivalsMs },
    onSecond: (second, soFar) => onSecond(second, { intendedMs: arrivalsMs, ...soFar }),
  });
  server.assertRunning();
  const killed = await Promise.all(kills);
  if (troubles.length > 0) throw troubles[0];
  const slices = Array.from({ length: options.slices }, (_, index) => slice(index + 1, load, 1));
  say(minuteLine(slices.at(-1) as Slice));

  await sleep(SETTLE_MS, undefined, { signal });
  const metrics = await readMetrics(origin, signal);
  const { open_files: open_files_after } = await readHold(server, seconds, false, signal);
  return {
    ...{ capacity_per_second, rate_per_second, slices, kills: killed, holds },
    leftovers: await readLeftovers(origin, metrics, signal),
    retries: metricSum(metrics, 'turntable_retries_total'),
    ...{ open_files_before, open_files_after, lag_ms: load.lagMs },
  };
}

/**
 * A closed loop by the means of the open one: all requests are due at once, and each connection takes the next as soon as
 * it has its answer. So what is measured includes what this load generator takes of the machine.
 */
async function measureCapacity(
  send: Pick<Parameters<typeof runOpenLoop>[0], 'urls' | 'body' | 'signal'>,
  seconds: number,
): Promise<number> {
  const perSecond = async (requests: number) => {
    const { latencyMs, status } = await runOpenLoop({
      ...{ ...send, arrivalsMs: new Float64Array(requests), maxConnections: CONNECTIONS },
      patienceMs: 10 * 60_000,
    });
    const failed = status.findIndex((code) => code !== 200);
    if (failed !== -1)
      throw new Error(`a request was answered with ${status[failed]} before anything was broken`);
    return (requests * 1_000) / latencyMs.reduce((most, ms) => Math.max(most, ms), 0);
  };
  const roughly = await perSecond(WARM_UP_REQUESTS);
  return perSecond(Math.ceil(roughly * seconds));
}

async function readLeftovers(origin: string, metrics: string, signal: AbortSignal): Promise<Leftovers> {
  const workers = await readWorkers(origin, signal);
  return {
    current_requests: workers.reduce((sum, { current_requests }) => sum + current_requests, 0),
    in_flight: metricSum(metrics, 'turntable_requests_in_flight'),
    waiting: metricSum(metrics, 'turntable_requests_waiting'),
    buffered_bytes: metricSum(metrics, 'turntable_buffered_request_bytes'),
  };
}

function minuteLine(slice: Slice): string {
  const ms = (value: number | null) => value?.toFixed(2) ?? '-';
  return (
    `minute ${slice.minute}: ${slice.requests} requests, ${slice.failed} failed; p50 ${ms(slice.p50_ms)}, ` +
    `p99 ${ms(slice.p99_ms)} ms (undisturbed ${ms(slice.calm.p50_ms)}, ${ms(slice.calm.p99_ms)}); ` +
    `gateway ${slice.gateway_rss_mb?.toFixed(0) ?? '-'} MB, all ${slice.all_rss_mb?.toFixed(0) ?? '-'} MB`
  );
}
