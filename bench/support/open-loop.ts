/**
 * Load that comes when it comes: arrivals at set times, whether or not earlier ones are answered. Latency counts from
 * the intended time and not from when a request was sent, so that a stall shows in all that came during it
 * ("coordinated omission": G. Tene, "How NOT to Measure Latency", 2013). The sending is in a thread of its own.
 */
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface OpenLoopOptions {
  /** Taken in turn. */
  readonly urls: readonly string[];
  /** JSON. Give the same buffer again where the bytes are the same: each is handed over once. */
  readonly body: (index: number) => Buffer;
  /** Intended times from the start, ascending. */
  readonly arrivalsMs: Float64Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keep-alive connections over all URLs; beyond that requests wait in the client, which counts into latency. */
  readonly maxConnections?: number;
  /** At the start of each second, from 0 on; with what is known by then, as the arrays of the result will have it. */
  readonly onSecond?: (second: number, soFar: OpenLoopProgress) => void;
  /** How long the last answers are waited for after the last arrival. */
  readonly patienceMs?: number;
  readonly signal: AbortSignal;
}

/** By arrival, all of the same length. */
export interface OpenLoopResult {
  readonly intendedMs: Float64Array;
  /** From the intended time to the whole answer, or to when it was given up. */
  readonly latencyMs: Float64Array;
  /** HTTP status; 0 = connection error or no answer. */
  readonly status: Uint16Array;
  /** p99 of how late the client itself sent; a client that lags measures itself. */
  readonly lagMs: number;
  /** When the first millisecond was, on the clock that all processes share (milliseconds of the epoch). */
  readonly startedAtMs: number;
}

/** By arrival; a latency of 0: not ended yet. */
export type OpenLoopProgress = Pick<OpenLoopResult, 'latencyMs' | 'status'>;

/** What the thread is to send; each request is one of `bodies`. */
export interface OpenLoopPlan {
  readonly urls: readonly string[];
  readonly bodies: readonly Uint8Array[];
  readonly bodyOf: Uint32Array;
  readonly arrivalsMs: Float64Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxConnections: number;
  readonly patienceMs: number;
}

export type OpenLoopMessage =
  /** The first of all: the arrays lie in memory that both threads share. */
  | ({ readonly kind: 'begun' } & OpenLoopProgress)
  | { readonly kind: 'second'; readonly second: number }
  | ({ readonly kind: 'done' } & Omit<OpenLoopResult, 'intendedMs'>);

const THREAD = new URL('./open-loop-thread.ts', import.meta.url);
const MAX_CONNECTIONS = 1_024;
const PATIENCE_MS = 10_000;

/** Rejects when the signal aborts, and when the thread fails, such as by an answer that it cannot read. */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { arrivalsMs, signal, onSecond } = options;
  signal.throwIfAborted();
  const thread = new Worker(THREAD, { workerData: planOf(options) });
  let soFar: OpenLoopProgress = { latencyMs: new Float64Array(0), status: new Uint16Array(0) };
  try {
    // An error of the thread is thrown here.
    for await (const [message] of on(thread, 'message', { signal, close: ['exit'] })) {
      const said = message as OpenLoopMessage;
      if (said.kind === 'begun') soFar = said;
      else if (said.kind === 'second') onSecond?.(said.second, soFar);
      else {
        const { latencyMs, status, lagMs, startedAtMs } = said;
        return { intendedMs: arrivalsMs, latencyMs, status, lagMs, startedAtMs };
      }
    }
    throw new Error('the load generator ended before its load did');
  } finally {
    await thread.terminate();
  }
}

function planOf({ urls, body, arrivalsMs, headers, maxConnections, patienceMs }: OpenLoopOptions) {
  const numbers = new Map<Buffer, number>();
  const bodyOf = new Uint32Array(arrivalsMs.length);
  for (let index = 0; index < arrivalsMs.length; index++) {
    const bytes = body(index);
    const number = numbers.get(bytes) ?? numbers.size;
    numbers.set(bytes, number);
    bodyOf[index] = number;
  }
  return {
    ...{ urls, bodyOf, arrivalsMs, bodies: [...numbers.keys()], headers: headers ?? {} },
    maxConnections: maxConnections ?? MAX_CONNECTIONS,
    patienceMs: patienceMs ?? PATIENCE_MS,
  } satisfies OpenLoopPlan;
}

/** Arrivals that know nothing of each other: the gaps are exponential. */
export function poissonArrivals(perSecond: number, seconds: number, random: () => number): Float64Array {
  const arrivals: number[] = [];
  const meanGapMs = 1_000 / perSecond;
  for (let at = 0; ; ) {
    // 1 - u keeps the logarithm away from zero.
    at -= Math.log(1 - random()) * meanGapMs;
    if (at >= seconds * 1_000) return Float64Array.from(arrivals);
    arrivals.push(at);
  }
}
