/** Runs: each system with each fault, round by round, some systems at a time, in rotated order; all processes new each time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs } from '../faults/faults-run.ts';
import { failures, figuresOf } from '../faults/window.ts';
import { type OpenLoopResult, poissonArrivals, runOpenLoop } from '../support/open-loop.ts';
import { machineTicks, TICK_US } from '../support/process-cpu.ts';
import { seededRandom } from '../support/random.ts';
import { rotated } from '../support/statistics.ts';
import { affectedBy, recoveredMs, spareOfThree } from './affected.ts';
import { type FailureRun, LOAD, nominalPerSecond, WARM_UP_SECONDS } from './failure-run.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from './faults.ts';
import { isPeer, SYSTEM_NAMES, type SystemName } from './system-names.ts';
import { type FailureSystem, startSystem } from './systems.ts';

/** All latencies are those of what was answered with 200. */
export interface Sample {
  readonly system: SystemName;
  readonly fault: FaultName;
  readonly round: number;
  readonly requests: number;
  /** While the fault lasted, and of the second before it, as some of that are still under way when it strikes. */
  readonly failed: number;
  readonly slow: number;
  readonly failed_after: number;
  /** Answers other than 200, by HTTP status; 0: none. */
  readonly others: Readonly<Record<string, number>>;
  readonly p99_before_ms: number | null;
  readonly p99_during_ms: number | null;
  readonly p99_after_ms: number | null;
  readonly max_during_ms: number | null;
  /** From the fault to the last request that failed or was slow; null: not while it lasted. */
  readonly detect_ms: number | null;
  /** From the fault until p99 is within 1.2 times that of before, and what three workers need longer than four. */
  readonly recover_ms: number | null;
  /** The same without that. */
  readonly recover_as_four_ms: number | null;
  /** p99 of how late the load generator sent. */
  readonly lag_ms: number;
  /** Of the whole machine while this was measured. */
  readonly cores_busy: number;
}

export async function measureAll(run: FailureRun): Promise<Sample[]> {
  const { options, peers } = run;
  const systems = SYSTEM_NAMES.filter(
    (name) => options.systems.has(name) && (!isPeer(name) || peers.has(name)),
  );
  const samples: Sample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const fault of FAULT_NAMES.filter((name) => options.faults.has(name))) {
      const order = rotated(systems, round - 1);
      for (let from = 0; from < order.length; from += options.abreast) {
        samples.push(...(await measureSome(run, order.slice(from, from + options.abreast), fault, round)));
      }
    }
  }
  return samples;
}

/** Those that are measured at the same time get the same requests, and their faults at the same moment. */
async function measureSome(
  run: FailureRun,
  names: readonly SystemName[],
  fault: FaultName,
  round: number,
): Promise<Sample[]> {
  await using held = new AsyncDisposableStack();
  const systems = await Promise.all(names.map(async (name) => held.use(await startSystem(run, name))));
  const { beforeSeconds, faultSeconds, afterSeconds, seed } = run.options;
  const seconds = WARM_UP_SECONDS + beforeSeconds + faultSeconds + afterSeconds;
  const random = seededRandom(seed * 1_000 + round * FAULT_NAMES.length + FAULT_NAMES.indexOf(fault));
  const arrivalsMs = poissonArrivals(nominalPerSecond(run.options) * LOAD, seconds, random);
  const before = { atMs: performance.now(), ...machineTicks() };
  const outcomes = await Promise.all(systems.map((system) => breakOne(run, system, fault, arrivalsMs)));
  const ms = performance.now() - before.atMs;
  const cores_busy = ((machineTicks().busy - before.busy) * TICK_US) / 1_000 / ms;
  const samples = outcomes.map((outcome, index) => ({
    ...{ system: names[index]!, fault, round },
    ...toFigures(run, outcome),
    cores_busy,
  }));
  for (const sample of samples) say(run, sample);
  return samples;
}

interface Outcome {
  readonly load: OpenLoopResult;
  /** Since the load began. */
  readonly struckMs: number;
  readonly mendedMs: number;
}

async function breakOne(
  { options, signal }: FailureRun,
  system: FailureSystem,
  fault: FaultName,
  arrivalsMs: Float64Array,
): Promise<Outcome> {
  const body = Buffer.from(
    `{"inputs":[{"name":"demand_ms","datatype":"FP32","shape":[1],"data":[${options.serviceMs}]}]}`,
  );
  await using replaced = new AsyncDisposableStack();
  const begun = Promise.withResolvers<void>();
  const loading = runOpenLoop({
    ...{ urls: [system.inferUrl], body: () => body, arrivalsMs, signal },
    onSecond: (second) => second === 0 && begun.resolve(),
  });
  const victim = system.workers[0]!;
  let struckAtMs = 0;
  const wait = (ms: number) => sleep(ms, undefined, { signal });
  const striking = begun.promise.then(async () => {
    await wait((WARM_UP_SECONDS + options.beforeSeconds) * 1_000);
    await FAULTS[fault].run({
      ...{ victim, wait, lastsMs: options.faultSeconds * 1_000 },
      struck: () => {
        struckAtMs = epochMs();
      },
      replace: async () => {
        replaced.use(await victim.replace());
      },
    });
    return epochMs();
  });
  const [load, mendedAtMs] = await Promise.all([loading, striking]);
  system.assertRunning();
  return { load, struckMs: struckAtMs - load.startedAtMs, mendedMs: mendedAtMs - load.startedAtMs };
}

function toFigures(run: FailureRun, { load, struckMs, mendedMs }: Outcome) {
  const endMs = load.intendedMs.at(-1) ?? 0;
  const fault = { fromMs: struckMs, toMs: mendedMs };
  const before = figuresOf(load, { fromMs: WARM_UP_SECONDS * 1_000, toMs: struckMs });
  const during = figuresOf(load, fault);
  const after = figuresOf(load, { fromMs: mendedMs, toMs: endMs });
  const p99BeforeMs = before.p99_ms ?? 0;
  const { failed, slow, detectMs } = affectedBy(load, fault, struckMs - 1_000, p99BeforeMs);
  const recovered = (spareMs: number) => recoveredMs(load, { struckMs, endMs }, p99BeforeMs, spareMs);
  return {
    requests: before.requests + during.requests + after.requests,
    ...{ failed, slow, failed_after: failures(after), others: { ...before.others, ...during.others } },
    p99_before_ms: before.p99_ms,
    p99_during_ms: during.p99_ms,
    p99_after_ms: after.p99_ms,
    max_during_ms: during.max_ms,
    detect_ms: detectMs,
    recover_ms: recovered(spareOfThree(run.options.serviceMs)),
    recover_as_four_ms: recovered(0),
    lag_ms: load.lagMs,
  };
}

function say({ say: line }: FailureRun, sample: Omit<Sample, 'cores_busy'>): void {
  const { system, fault, round, failed, slow, p99_before_ms, p99_during_ms, detect_ms, recover_ms } = sample;
  const show = (value: number | null, digits: number) => value?.toFixed(digits) ?? 'never';
  line(
    `${fault}, round ${round}, ${system}: ${failed} failed, ${slow} slow, p99 ${show(p99_before_ms, 1)} then ` +
      `${show(p99_during_ms, 1)} ms, felt for ${show(detect_ms, 0)} ms, recovered after ${show(recover_ms, 0)} ms`,
  );
}
