/** What is sent in one run: when each request comes, and how long it takes on a worker of speed 1. */
import { poissonArrivals } from '../support/open-loop.ts';
import { gaussian } from '../support/random.ts';
import type { Trace, TraceName } from './trace.ts';

/**
 * lognormal, constant: Poisson arrivals, and service times so distributed. code, conv: arrivals of that trace, and
 * service times in proportion to the tokens that each of its requests made.
 */
export const WORKLOADS = ['lognormal', 'constant', 'code', 'conv'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

export interface Workload {
  /** Ascending, from the start of the run. */
  readonly arrivalsMs: Float64Array;
  readonly demandsMs: Float64Array;
}

export interface WorkloadOptions {
  readonly name: WorkloadName;
  /** Part of the workers' capacity. */
  readonly load: number;
  /** Sum of the workers' speeds. */
  readonly capacity: number;
  readonly meanMs: number;
  readonly seconds: number;
  readonly traces: Readonly<Record<TraceName, Trace>> | null;
  readonly random: () => number;
}

/** Of the logarithm: the 99th percentile is six times the mean, the square of the variation 1.7. */
export const LOGNORMAL_SIGMA = 1;
/** Longer ones, 1 in 100 in the code trace, would each be a scenario of their own. */
export const LONGEST_MEANS = 10;

/** Arrivals, how long they go on, and how long each takes: the last in any unit. */
interface Draft {
  readonly arrivalsMs: Float64Array;
  readonly spanMs: number;
  readonly demands: Float64Array;
}

/**
 * The mean demand is exactly `meanMs`, and time is stretched, by a percent or two where it is drawn, so that the load
 * is exactly what it is called: at 0.9 a percent more is a tenth more of waiting, and would be taken for a difference.
 */
export function makeWorkload(options: WorkloadOptions): Workload {
  const { name, load, capacity, meanMs, seconds, traces, random } = options;
  const perSecond = (1_000 * load * capacity) / meanMs;
  const { arrivalsMs, spanMs, demands } =
    name === 'lognormal' || name === 'constant'
      ? drawPoisson(name, perSecond, seconds, random)
      : cutTrace(name, traces, Math.round(perSecond * seconds), random);
  const mean = demands.reduce((sum, demand) => sum + demand, 0) / demands.length;
  const stretch = (arrivalsMs.length * 1_000) / perSecond / spanMs;
  return {
    arrivalsMs: arrivalsMs.map((atMs) => atMs * stretch),
    demandsMs: demands.map((demand) => (demand * meanMs) / mean),
  };
}

function drawPoisson(
  service: 'lognormal' | 'constant',
  perSecond: number,
  seconds: number,
  random: () => number,
): Draft {
  const arrivalsMs = poissonArrivals(perSecond, seconds, random);
  const demands = arrivalsMs.map(() =>
    service === 'constant' ? 1 : Math.exp(LOGNORMAL_SIGMA * gaussian(random)),
  );
  return { arrivalsMs, spanMs: seconds * 1_000, demands };
}

/** So many rows from a random one on, and around the end if need be. */
function cutTrace(
  name: TraceName,
  traces: WorkloadOptions['traces'],
  count: number,
  random: () => number,
): Draft {
  if (traces === null) throw new Error(`the trace "${name}" is not there`);
  const trace = traces[name];
  const length = trace.arrivalsMs.length;
  const from = Math.floor(random() * length);
  const atMs = (index: number) =>
    trace.arrivalsMs[index % length]! + Math.floor(index / length) * trace.spanMs;
  const tokens = Float64Array.from({ length: count }, (_, i) => trace.generatedTokens[(from + i) % length]!);
  const longest = (LONGEST_MEANS * tokens.reduce((sum, one) => sum + one, 0)) / count;
  return {
    arrivalsMs: Float64Array.from({ length: count }, (_, i) => atMs(from + i) - atMs(from)),
    spanMs: atMs(from + count) - atMs(from),
    demands: tokens.map((one) => Math.min(one, longest)),
  };
}
