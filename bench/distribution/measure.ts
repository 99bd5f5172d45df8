/** Runs: each pattern to every system, with one gateway and with several, round by round. */
import { type OpenLoopResult, runOpenLoop } from '../support/open-loop.ts';
import { machineTicks, TICK_US } from '../support/process-cpu.ts';
import { rotated } from '../support/statistics.ts';
import { quantile } from '../unequal/quantile.ts';
import type { DistributionRun } from './distribution-run.ts';
import { INSTANCES, instancesText } from './instances.ts';
import { type DistributionSystem, type SystemName, startSystems, WORKERS } from './systems.ts';
import { makeWorkload, PATTERNS, type Pattern, type Workload } from './workload.ts';

export interface DistributionSample {
  readonly system: SystemName;
  /** Gateways, or proxies. */
  readonly instances: number;
  readonly pattern: Pattern;
  readonly round: number;
  readonly requests: number;
  /** Answers other than 200, and none. */
  readonly errors: number;
  /** Requests that each worker was given, what was tried again included. */
  readonly counts: readonly number[];
  /** Null where a worker was given none. */
  readonly max_over_min: number | null;
  /** From the intended time; null in the closed loop, where nothing is sent at a time of its own. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** p99 of how late the load generator sent. */
  readonly lag_ms: number | null;
  /** Of the whole machine while this was measured. */
  readonly cores_busy: number;
  readonly cores_stolen: number;
}

/** Compilers settle, connections open, and policies learn how long a request takes. */
const MOST_WARM_UP_REQUESTS = 2_000;
/** Longer than the closed loop takes, whose last request wants to be sent at the start. */
const PATIENCE_MS = 120_000;

export async function measureAll(run: DistributionRun): Promise<DistributionSample[]> {
  const { options, say, signal } = run;
  const { meanMs, requests, rounds, seed } = options;
  const samples: DistributionSample[] = [];
  for (const instances of INSTANCES) {
    say(`${instancesText(instances)}: starting and warming up`);
    await using systems = await startSystems(run, instances);
    const rest = { workers: WORKERS, meanMs, seed };
    const warmUpRequests = Math.min(MOST_WARM_UP_REQUESTS, requests / 2);
    const warmUp = makeWorkload({ pattern: 'bursts', requests: warmUpRequests, ...rest });
    for (const some of inGroups(systems.all, options.abreast)) {
      await Promise.all(some.map((system) => send(system, warmUp, signal)));
    }
    for (let round = 1; round <= rounds; round++) {
      for (const pattern of PATTERNS) {
        const workload = makeWorkload({ pattern, requests, ...rest, seed: seed + round });
        const cell: DistributionSample[] = [];
        for (const some of inGroups(rotated(systems.all, round - 1), options.abreast)) {
          cell.push(...(await measureGroup(some, workload, { instances, pattern, round }, signal)));
        }
        const shown = cell.map(describe).join('; ');
        say(`${instancesText(instances)}, ${pattern}, round ${round}/${rounds}: max/min ${shown}`);
        samples.push(...cell);
      }
    }
  }
  return samples;
}

async function measureGroup(
  systems: readonly DistributionSystem[],
  workload: Workload,
  cell: Pick<DistributionSample, 'instances' | 'pattern' | 'round'>,
  signal: AbortSignal,
): Promise<DistributionSample[]> {
  const countAll = () => Promise.all(systems.map(({ workers }) => workers.countRequests(signal)));
  const before = { counts: await countAll(), atUs: performance.now() * 1_000, ...machineTicks() };
  const results = await Promise.all(systems.map((system) => send(system, workload, signal)));
  const after = { ...machineTicks(), atUs: performance.now() * 1_000, counts: await countAll() };
  const cores = (ticks: number) => (ticks * TICK_US) / (after.atUs - before.atUs);
  return systems.map((system, index): DistributionSample => {
    system.assertRunning();
    const counts = after.counts[index]!.map((count, worker) => count - before.counts[index]![worker]!);
    const least = Math.min(...counts);
    return {
      ...{ system: system.name, ...cell, counts },
      max_over_min: least === 0 ? null : Math.max(...counts) / least,
      ...summarize(results[index]!, cell.pattern),
      cores_busy: cores(after.busy - before.busy),
      cores_stolen: cores(after.stolen - before.stolen),
    };
  });
}

function send(
  { inferUrls }: DistributionSystem,
  { arrivalsMs, demandsMs, connections }: Workload,
  signal: AbortSignal,
): Promise<OpenLoopResult> {
  const bodies = new Map<number, Buffer>();
  return runOpenLoop({
    ...{ urls: inferUrls, arrivalsMs, patienceMs: PATIENCE_MS, signal },
    body(index) {
      const demandMs = demandsMs[index]!;
      const body = bodies.get(demandMs) ?? bodyOf(demandMs);
      bodies.set(demandMs, body);
      return body;
    },
    ...(connections !== null && { maxConnections: connections }),
  });
}

function bodyOf(demandMs: number): Buffer {
  return Buffer.from(
    `{"inputs":[{"name":"demand_ms","datatype":"FP32","shape":[1],"data":[${demandMs.toFixed(3)}]}]}`,
  );
}

function summarize({ latencyMs, status, lagMs }: OpenLoopResult, pattern: Pattern) {
  const errors = status.reduce((sum, code) => sum + (code === 200 ? 0 : 1), 0);
  const ascending = latencyMs
    .map((ms, index) => (status[index] === 200 ? ms : Number.POSITIVE_INFINITY))
    .sort();
  const isClosed = pattern === 'closed loop';
  return {
    ...{ requests: latencyMs.length, errors },
    p50_ms: isClosed ? null : quantile(ascending, 0.5),
    p99_ms: isClosed ? null : quantile(ascending, 0.99),
    lag_ms: isClosed ? null : lagMs,
  };
}

function describe({ system, max_over_min, p99_ms, errors }: DistributionSample): string {
  const p99 = p99_ms === null ? '' : `, p99 ${p99_ms.toFixed(1)} ms`;
  return `${system} ${max_over_min?.toFixed(3) ?? 'none'}${p99}${errors > 0 ? ` (${errors} FAILED)` : ''}`;
}

function inGroups<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, group) =>
    list.slice(group * size, (group + 1) * size),
  );
}
