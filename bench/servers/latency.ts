/** Latency of one system at a given rate: an open loop, from the intended time of each request. */
import type { MeasuredSystem } from '../support/measured-system.ts';
import { poissonArrivals, runOpenLoop } from '../support/open-loop.ts';
import { machineTicks, TICK_US } from '../support/process-cpu.ts';
import { seededRandom } from '../support/random.ts';
import { WANTED_REQUESTS } from './options.ts';
import type { PeerName } from './peers.ts';
import type { ServersRun } from './servers-run.ts';

export interface LatencyPoint {
  /** Whose capacity the load is a part of. */
  readonly of: PeerName | 'turntable';
  readonly round: number;
  readonly load: number;
  readonly rate_per_second: number;
}

/** Latencies in milliseconds; null where more requests failed than the quantile leaves out. */
export interface LatencySample extends LatencyPoint {
  readonly system: PeerName | 'turntable';
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
  /** p99 of how late the load generator sent, which is part of the latency. */
  readonly lag_ms: number;
  /** Of all programs together. */
  readonly cores_busy: number;
  readonly cores_stolen: number;
}

/** Connections are opened as they are needed; beyond that requests wait in the generator, which counts. */
export const OPEN_CONNECTIONS = 256;
/** What starts with empty queues does not count. */
const RUN_IN_SECONDS = 0.25;
const SEED_STRIDE = 7_919;

export async function measureLatency(
  {
    options,
    bodies,
    signal,
  }: Pick<ServersRun, 'options' | 'signal'> & { readonly bodies: readonly Buffer[] },
  system: MeasuredSystem,
  point: LatencyPoint,
): Promise<LatencySample> {
  const [least, most] = options.openSeconds;
  const seconds = Math.min(most, Math.max(least, WANTED_REQUESTS / point.rate_per_second));
  // The same arrivals to both of a pair.
  const seed = options.seed + SEED_STRIDE * point.round + Math.round(point.load * 1_000);
  const before = readMachine();
  const result = await runOpenLoop({
    urls: [system.inferUrl],
    body: (index) => bodies[index % bodies.length]!,
    arrivalsMs: poissonArrivals(point.rate_per_second, RUN_IN_SECONDS + seconds, seededRandom(seed)),
    maxConnections: OPEN_CONNECTIONS,
    signal,
  });
  const after = readMachine();
  system.assertRunning();
  const begins = result.intendedMs.filter((atMs) => atMs < RUN_IN_SECONDS * 1_000).length;
  const counted = result.latencyMs
    .map((ms, index) => (result.status[index] === 200 ? ms : Number.POSITIVE_INFINITY))
    .subarray(begins)
    .sort();
  const at = (part: number) => finiteOrNull(counted[Math.ceil(counted.length * part) - 1]!);
  const cores = (ticks: number) => (ticks * TICK_US) / (after.atUs - before.atUs);
  return {
    ...point,
    system: system.name as PeerName | 'turntable',
    seconds,
    requests: counted.length,
    failed: counted.filter((ms) => ms === Number.POSITIVE_INFINITY).length,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    max_ms: at(1),
    lag_ms: result.lagMs,
    cores_busy: cores(after.busy - before.busy),
    cores_stolen: cores(after.stolen - before.stolen),
  };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function readMachine() {
  return { atUs: performance.now() * 1_000, ...machineTicks() };
}
