/** More than the workers carry: what is served in time, what is refused, and what a refusal costs. */
import { type OpenLoopResult, poissonArrivals, runOpenLoop } from '../support/open-loop.ts';
import { seededRandom } from '../support/random.ts';
import type { Capacity } from './capacity.ts';
import type { FaultFleet } from './fault-fleet.ts';
import { epochMs, type FaultsRun, LOAD, nominalPerSecond, WORKERS } from './faults-run.ts';
import { BODY, type FaultFigures } from './measure-fault.ts';
import { OVERLOADS, type OverloadName } from './options.ts';
import { failures, figuresOf, percentile, recoveryMs, type Span, type SpanFigures } from './window.ts';

const DEADLINE_MS = 1_000;
const OK = 200;
const REFUSED = 503;
const LATE = 504;

export interface OverloadSample extends FaultFigures {
  readonly title: string;
  readonly times: number;
  readonly offered_per_second: number;
  readonly capacity_per_second: number;
  /** Answered with 200 within the deadline, while the overload lasted: not what it left behind. */
  readonly goodput_per_second: number;
  readonly goodput_of_capacity: number;
  readonly served: number;
  readonly p50_served_ms: number | null;
  readonly p99_served_ms: number | null;
  /** Of what was served. */
  readonly within_deadline_share: number | null;
  readonly deadline_ms: number;
  /** 503. */
  readonly refused: number;
  readonly refused_per_second: number;
  readonly p99_refused_ms: number | null;
  /** 504. */
  readonly late: number;
  readonly gateway_cores_busy: number;
  /** Of what the gateway's process took, that which its share in what was served does not explain; an estimate. */
  readonly gateway_cpu_us_per_refusal: number | null;
  readonly lag_ms: number;
  readonly before: SpanFigures;
  readonly during: SpanFigures;
  readonly after: SpanFigures;
}

export async function measureOverload(
  run: FaultsRun,
  fleet: FaultFleet,
  name: OverloadName,
  capacity: Capacity,
): Promise<OverloadSample> {
  const { options, signal } = run;
  const times = OVERLOADS[name];
  await using held = new AsyncDisposableStack();
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, async () => held.use(await fleet.startWorker())),
  );
  await fleet.whenUsed(workers.map(({ id_worker }) => id_worker));

  const beginS = options.warmUpSeconds + options.seconds;
  const endS = beginS + options.overloadSeconds;
  const usual = nominalPerSecond(options) * LOAD;
  const random = seededRandom(options.seed);
  const arrivalsMs = joined([
    [0, poissonArrivals(usual, beginS, random)],
    [beginS, poissonArrivals(capacity.per_second * times, options.overloadSeconds, random)],
    [endS, poissonArrivals(usual, options.seconds, random)],
  ]);
  const cpu: { atMs: number; us: number }[] = [];
  const load = await runOpenLoop({
    ...{ urls: [fleet.inferUrl], body: () => BODY, arrivalsMs, signal },
    headers: { 'x-request-timeout-ms': String(DEADLINE_MS) },
    onSecond: (second) => {
      if (second === beginS || second === endS) cpu.push({ atMs: epochMs(), us: fleet.gatewayCpuUs() });
    },
  });
  fleet.assertRunning();
  const [cpuBegin, cpuEnd] = cpu;
  if (!cpuBegin || !cpuEnd) throw new Error('the load generator did not tell its seconds');

  const during = { fromMs: beginS * 1_000, toMs: endS * 1_000 };
  const spans = {
    before: figuresOf(load, { fromMs: options.warmUpSeconds * 1_000, toMs: during.fromMs }),
    during: figuresOf(load, during),
    after: figuresOf(load, { fromMs: during.toMs, toMs: (endS + options.seconds) * 1_000 }),
  };
  const count = (status: number) => spans.during.others[status] ?? 0;
  const seconds = options.overloadSeconds;
  const served = latenciesOf(load, during, OK);
  const servedInTime = served.filter((latency) => latency <= DEADLINE_MS).length;
  const goodput = answeredInTime(load, during) / seconds;
  const refused = count(REFUSED);
  const cpuUs = cpuEnd.us - cpuBegin.us;
  const firstRefused = load.status.findIndex(
    (status, index) => status === REFUSED && load.intendedMs[index]! >= during.fromMs,
  );
  return {
    fault: name,
    // The last that came too many are refused after the last has come.
    failed: failures(spans.before) + unexcused(spans.during) + unexcused(spans.after),
    p99_before_ms: spans.before.p99_ms,
    p99_during_ms: spans.during.p99_ms,
    p99_after_ms: spans.after.p99_ms,
    // To the first that is refused.
    detect_ms: firstRefused === -1 ? null : load.intendedMs[firstRefused]! - during.fromMs,
    recover_ms: recoveryMs(load, during.toMs, spans.before.p99_ms ?? 0, (endS + options.seconds) * 1_000),
    title: `${times} times what the workers carry`,
    times,
    offered_per_second: spans.during.requests / seconds,
    capacity_per_second: capacity.per_second,
    goodput_per_second: goodput,
    goodput_of_capacity: goodput / capacity.per_second,
    served: served.length,
    p50_served_ms: percentile(served, 0.5),
    p99_served_ms: percentile(served, 0.99),
    within_deadline_share: served.length === 0 ? null : servedInTime / served.length,
    deadline_ms: DEADLINE_MS,
    refused,
    refused_per_second: refused / seconds,
    p99_refused_ms: percentile(latenciesOf(load, during, REFUSED), 0.99),
    late: count(LATE),
    gateway_cores_busy: cpuUs / 1_000 / (cpuEnd.atMs - cpuBegin.atMs),
    gateway_cpu_us_per_refusal:
      refused === 0 ? null : (cpuUs - served.length * capacity.gateway_cpu_us_per_request) / refused,
    lag_ms: load.lagMs,
    ...spans,
  };
}

function joined(parts: readonly (readonly [number, Float64Array])[]): Float64Array {
  return Float64Array.from(
    parts.flatMap(([fromS, arrivals]) => [...arrivals].map((at) => at + fromS * 1_000)),
  );
}

/** By when the answers came. */
function answeredInTime({ intendedMs, latencyMs, status }: OpenLoopResult, { fromMs, toMs }: Span): number {
  let count = 0;
  for (const [index, latency] of latencyMs.entries()) {
    const at = intendedMs[index]! + latency;
    if (status[index] === OK && latency <= DEADLINE_MS && at >= fromMs && at < toMs) count++;
  }
  return count;
}

/** Neither served, nor refused, nor late. */
function unexcused(span: SpanFigures): number {
  return failures(span) - (span.others[REFUSED] ?? 0) - (span.others[LATE] ?? 0);
}

/** Ascending. */
function latenciesOf(
  { intendedMs, latencyMs, status }: OpenLoopResult,
  span: Span,
  wanted: number,
): Float64Array {
  return latencyMs
    .filter((_, index) => {
      const at = intendedMs[index]!;
      return status[index] === wanted && at >= span.fromMs && at < span.toMs;
    })
    .sort();
}
