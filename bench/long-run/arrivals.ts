/** When requests come in a long run. */
import { poissonArrivals } from '../support/open-loop.ts';
import { readTraces } from '../unequal/trace.ts';
import { makeWorkload } from '../unequal/workload.ts';
import type { LongRunOptions } from './options.ts';

/** Milliseconds from the start, ascending. @throws when the trace that is asked for is not there */
export function drawArrivals(
  { arrivals, traces }: Pick<LongRunOptions, 'arrivals' | 'traces'>,
  perSecond: number,
  seconds: number,
  random: () => number,
): Float64Array {
  if (arrivals === 'poisson') return poissonArrivals(perSecond, seconds, random);
  const read = traces === null ? null : readTraces(traces);
  if (read === null) throw new Error(`the trace "${arrivals}" is not there; --traces says where to look`);
  // One worker that does so many in a second, under full load: the rate alone counts here, and not the sizes.
  const rate = { load: 1, capacity: 1, meanMs: 1_000 / perSecond };
  return makeWorkload({ name: arrivals, ...rate, seconds, traces: read, random }).arrivalsMs;
}
