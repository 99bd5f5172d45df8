/** Runs: each system with each workload, round by round, some systems at a time, in rotated order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runOpenLoop } from '../support/open-loop.ts';
import { machineTicks, TICK_US } from '../support/process-cpu.ts';
import { seededRandom } from '../support/random.ts';
import { rotated } from '../support/statistics.ts';
import type { UnequalOptions } from './options.ts';
import { quantile } from './quantile.ts';
import { capacityOf, SCENARIOS, type Scenario } from './scenarios.ts';
import { type SystemKind, startSystems, type UnequalSystem } from './systems.ts';
import type { Trace, TraceName } from './trace.ts';
import { makeWorkload, WORKLOADS, type Workload, type WorkloadName } from './workload.ts';

/** What is sent where; every system has a row in it. */
export interface Cell {
  readonly scenario: Scenario;
  readonly workload: WorkloadName;
  readonly load: number;
}

/** A run of one system with one workload. */
export interface Measured {
  readonly sample: Sample;
  /** Ascending, of the requests that count; infinite where there was no answer. */
  readonly latenciesMs: Float64Array;
}

export interface Sample extends Cell, SystemKind {
  readonly round: number;
  readonly requests: number;
  /** Answers other than 200, and none. */
  readonly errors: number;
  readonly mean_ms: number | null;
  readonly p50_ms: number | null;
  /** A request without an answer took for ever: null where so many failed. */
  readonly p99_ms: number | null;
  /** p99 of how late the load generator sent. */
  readonly lag_ms: number;
  /** Of the whole machine while this was measured. */
  readonly cores_busy: number;
  readonly cores_stolen: number;
}

export interface UnequalRun {
  readonly options: UnequalOptions;
  readonly traces: Readonly<Record<TraceName, Trace>> | null;
  readonly directory: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Queues begin empty; what comes in the first seconds of a run finds them shorter than they come to be. */
const RUN_IN_SECONDS = 1;
const WARM_UP_LOAD = 0.7;
const MAX_CONNECTIONS = 7_000;
/** The longest queue that a burst leaves is done by then. */
const PATIENCE_MS = 60_000;

/**
 * All scenarios run at once and are measured in turn: while the queues of one drain, which takes as long as its slowest
 * worker has work, the next gets its requests. Each is left to drain before its own next.
 */
export async function measureAll(run: UnequalRun): Promise<Measured[]> {
  const { options, signal } = run;
  const measured: Measured[] = [];
  await using started = new AsyncDisposableStack();
  const courses: Course[] = [];
  for (const scenario of options.scenarios) {
    run.say(`${scenario}: starting`);
    const systems = started.use(await startSystems(scenario, options, run.directory, signal));
    const course: Course = { scenario, all: systems.all, draining: Promise.resolve([]) };
    await next(course, (onSent) => warmUp(run, course, onSent));
    courses.push(course);
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of options.loads) {
      for (const workload of options.workloads) {
        for (const course of courses) {
          const cell = { scenario: course.scenario, workload, load };
          const before = await next(course, (onSent) => measureCell(run, cell, round, course.all, onSent));
          measured.push(...before);
        }
      }
    }
  }
  for (const { draining } of courses) measured.push(...(await draining));
  return measured;
}

/**
 * Starts what is next when what was before has drained, and resolves to the latter once all of the former is sent.
 * @param start is to call back when that is so
 */
async function next(
  course: Course,
  start: (onSent: () => void) => Promise<Measured[]>,
): Promise<readonly Measured[]> {
  const before = await course.draining;
  const sent = Promise.withResolvers<void>();
  course.draining = start(sent.resolve);
  // Where it fails before, that is thrown here.
  await Promise.race([sent.promise, course.draining]);
  return before;
}

/** A scenario on its way. */
interface Course {
  readonly scenario: Scenario;
  readonly all: readonly UnequalSystem[];
  /** What was measured last, once all of it is answered. */
  draining: Promise<Measured[]>;
}

/** Compilers settle, connections open, and the policies learn who is how fast. */
async function warmUp(run: UnequalRun, { scenario, all }: Course, onSent: () => void): Promise<Measured[]> {
  const { meanMs, abreast, warmUpSeconds } = run.options;
  const workload = makeWorkload({
    ...{ name: 'lognormal', load: WARM_UP_LOAD, capacity: capacityOf(scenario), meanMs, traces: null },
    ...{ seconds: warmUpSeconds, random: seededRandom(1) },
  });
  const groups = inGroups(all, abreast);
  for (const some of groups)
    await sendAll(some, workload, some === groups.at(-1) ? onSent : null, run.signal);
  return [];
}

/** @param onSent called when the last request has been sent; what remains is to wait for answers */
async function measureCell(
  run: UnequalRun,
  cell: Cell,
  round: number,
  all: readonly UnequalSystem[],
  onSent: () => void,
): Promise<Measured[]> {
  const { options, traces, say, signal } = run;
  const { scenario, workload: name, load } = cell;
  const workload = makeWorkload({
    ...{ name, load, capacity: capacityOf(scenario), meanMs: options.meanMs, traces },
    ...{ seconds: RUN_IN_SECONDS + options.seconds, random: seededRandom(seedOf(cell, round)) },
  });
  const measured: Measured[] = [];
  const groups = inGroups(rotated(all, round - 1), options.abreast);
  for (const some of groups) {
    const before = readMachine();
    let after = before;
    const onAllSent = () => {
      after = readMachine();
      if (some === groups.at(-1)) onSent();
    };
    const results = await sendAll(some, workload, onAllSent, signal);
    const cores = (ticks: number) => (ticks * TICK_US) / (after.atUs - before.atUs);
    for (const [index, result] of results.entries()) {
      const { inferUrl: _, assertRunning, ...kind } = some[index]!;
      assertRunning();
      const latenciesMs = countedLatencies(result);
      const sample = {
        ...{ ...cell, ...kind, round, ...summarize(latenciesMs), lag_ms: result.lagMs },
        cores_busy: cores(after.busy - before.busy),
        cores_stolen: cores(after.stolen - before.stolen),
      };
      measured.push({ sample, latenciesMs });
    }
  }
  const shown = measured.map(({ sample: { name, p99_ms, errors } }) => {
    const failed = errors === 0 ? '' : ` (${errors} failed)`;
    return `${name} ${p99_ms?.toFixed(0) ?? 'none'}${failed}`;
  });
  say(`${scenario}, ${name}, load ${load}, round ${round}: p99 ms: ${shown.join('; ')}`);
  return measured;
}

type Result = Awaited<ReturnType<typeof runOpenLoop>>;

/** @param onSent called when the last request of each has been sent */
async function sendAll(
  systems: readonly UnequalSystem[],
  workload: Workload,
  onSent: (() => void) | null,
  signal: AbortSignal,
): Promise<Result[]> {
  const sendings = systems.map((system) => send(system, workload, signal));
  await Promise.all(sendings.map(({ sent }) => sent));
  onSent?.();
  return Promise.all(sendings.map(({ result }) => result));
}

interface Sending {
  /** Resolves when the last request has been sent. */
  readonly sent: Promise<unknown>;
  /** Resolves when the last is answered. */
  readonly result: Promise<Result>;
}

function send(system: UnequalSystem, { arrivalsMs, demandsMs }: Workload, signal: AbortSignal): Sending {
  const begun = Promise.withResolvers<void>();
  const result = runOpenLoop({
    urls: [system.inferUrl],
    body: (index) =>
      Buffer.from(
        `{"inputs":[{"name":"demand_ms","datatype":"FP32","shape":[1],"data":[${demandsMs[index]!.toFixed(3)}]}]}`,
      ),
    arrivalsMs,
    maxConnections: MAX_CONNECTIONS,
    patienceMs: PATIENCE_MS,
    onSecond: (second) => second === 0 && begun.resolve(),
    signal,
  });
  const lastSent = begun.promise.then(() => sleep(arrivalsMs.at(-1) ?? 0, undefined, { signal }));
  return { result, sent: Promise.race([lastSent, result]) };
}

function countedLatencies({ intendedMs, latencyMs, status }: Result): Float64Array {
  const begins = intendedMs.findIndex((atMs) => atMs >= RUN_IN_SECONDS * 1_000);
  return latencyMs
    .map((ms, index) => (status[index] === 200 ? ms : Number.POSITIVE_INFINITY))
    .subarray(begins)
    .sort();
}

function summarize(latenciesMs: Float64Array) {
  const answered = latenciesMs.filter(Number.isFinite);
  return {
    requests: latenciesMs.length,
    errors: latenciesMs.length - answered.length,
    mean_ms: finiteOrNull(answered.reduce((sum, ms) => sum + ms, 0) / answered.length),
    p50_ms: quantile(latenciesMs, 0.5),
    p99_ms: quantile(latenciesMs, 0.99),
  };
}

/** The same for all systems, whichever of the cells are measured. */
function seedOf({ scenario, workload, load }: Cell, round: number): number {
  return [SCENARIOS.indexOf(scenario), WORKLOADS.indexOf(workload), Math.round(load * 1_000)].reduce(
    (seed, part) => seed * 1_009 + part,
    round,
  );
}

/** @param size null: one group */
function inGroups<T>(list: readonly T[], size: number | null): readonly (readonly T[])[] {
  if (size === null) return [list];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, group) =>
    list.slice(group * size, (group + 1) * size),
  );
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function readMachine() {
  return { atUs: performance.now() * 1_000, ...machineTicks() };
}
