/** What is sent in one measurement: a counted number of requests, when each comes, and how long it takes. */
import { gaussian, seededRandom } from '../support/random.ts';

/** closed loop, bursts: all requests take the same time. lognormal: times of which 1 in 100 is six times the mean. */
export const PATTERNS = ['closed loop', 'bursts', 'lognormal'] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Of the closed loop, over all gateways. */
export const CLOSED_CONNECTIONS = 64;
/** As many as the closed loop has at once. */
export const LARGEST_BURST = 64;
/** Part of what the workers carry; not of the closed loop, which takes what it gets. */
export const LOAD = 0.7;
/** Of the logarithm. */
const SIGMA = 1;

export interface Workload {
  /** Ascending, from the start. */
  readonly arrivalsMs: Float64Array;
  readonly demandsMs: Float64Array;
  /** Null: as many as it takes. */
  readonly connections: number | null;
}

export interface WorkloadOptions {
  readonly pattern: Pattern;
  /** Of the closed loop; half of them where arrivals have times of their own. */
  readonly requests: number;
  readonly workers: number;
  readonly meanMs: number;
  readonly seed: number;
}

/** The same for all systems, and for any number of gateways. */
export function makeWorkload(options: WorkloadOptions): Workload {
  const { pattern, workers, meanMs } = options;
  const requests = Math.floor(pattern === 'closed loop' ? options.requests : options.requests / 2);
  const random = seededRandom(options.seed);
  /** From one request to the next on average. */
  const gapMs = meanMs / (workers * LOAD);
  const constant = () => new Float64Array(requests).fill(meanMs);
  switch (pattern) {
    case 'closed loop':
      // All want to be sent at once, and only so many connections are there to send them.
      return {
        arrivalsMs: new Float64Array(requests),
        demandsMs: constant(),
        connections: CLOSED_CONNECTIONS,
      };
    case 'bursts':
      return { arrivalsMs: bursts(requests, gapMs, random), demandsMs: constant(), connections: null };
    case 'lognormal':
      return {
        arrivalsMs: poisson(requests, gapMs, random),
        demandsMs: lognormal(requests, meanMs, random),
        connections: null,
      };
  }
}

/** After each as much time as its requests are to have, so that the load is the same throughout. */
function bursts(requests: number, gapMs: number, random: () => number): Float64Array {
  const arrivalsMs = new Float64Array(requests);
  let atMs = 0;
  for (let index = 0; index < requests; ) {
    const end = Math.min(requests, index + 1 + Math.floor(random() * LARGEST_BURST));
    arrivalsMs.fill(atMs, index, end);
    atMs += (end - index) * gapMs;
    index = end;
  }
  return arrivalsMs;
}

function poisson(requests: number, gapMs: number, random: () => number): Float64Array {
  let atMs = 0;
  return new Float64Array(requests).map(() => {
    // 1 - u keeps the logarithm away from zero.
    atMs -= Math.log(1 - random()) * gapMs;
    return atMs;
  });
}

/** Their mean is exactly `meanMs`: at a high load a percent more is several percent more of waiting. */
function lognormal(requests: number, meanMs: number, random: () => number): Float64Array {
  const drawn = new Float64Array(requests).map(() => Math.exp(SIGMA * gaussian(random)));
  const mean = drawn.reduce((sum, one) => sum + one, 0) / requests;
  return drawn.map((one) => (one * meanMs) / mean);
}
