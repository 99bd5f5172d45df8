/** Figures of requests by when they were to be sent. */
import type { OpenLoopResult } from '../support/open-loop.ts';

const WINDOW_MS = 1_000;
const STEP_MS = 20;
/** How long it must be well again before it counts as recovered. */
const HOLD_MS = 1_000;
/** Of the p99 of before. */
const RECOVERED = 1.2;
const OK = 200;

/** From `fromMs` to before `toMs`, by intended time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SpanFigures {
  readonly requests: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
  /** Answers other than 200, by HTTP status; 0: none. */
  readonly others: Readonly<Record<string, number>>;
}

export type Load = Pick<OpenLoopResult, 'intendedMs' | 'latencyMs' | 'status'>;

/** Latencies are those of what was answered with 200. */
export function figuresOf(load: Load, span: Span): SpanFigures {
  const latencies: number[] = [];
  const others: Record<string, number> = {};
  const [from, to] = indexesOf(load, span);
  for (let index = from; index < to; index++) {
    const status = load.status[index]!;
    if (status === OK) latencies.push(load.latencyMs[index]!);
    else others[status] = (others[status] ?? 0) + 1;
  }
  const sorted = Float64Array.from(latencies).sort();
  return {
    requests: to - from,
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    max_ms: percentile(sorted, 1),
    others,
  };
}

export function failures({ others }: SpanFigures): number {
  return Object.values(others).reduce((sum, count) => sum + count, 0);
}

/**
 * From `struckMs` to the first moment at which the p99 of the last second's requests is within 1.2 times that of before,
 * and stays so for a second; what failed counts as never answered. Null: not within this load.
 */
export function recoveryMs(load: Load, struckMs: number, p99BeforeMs: number, endMs: number): number | null {
  let wellSince: number | null = null;
  for (let at = struckMs; at <= endMs; at += STEP_MS) {
    const p99 = windowP99(load, { fromMs: at - WINDOW_MS, toMs: at });
    if (p99 > RECOVERED * p99BeforeMs) wellSince = null;
    else wellSince ??= at;
    if (wellSince !== null && at - wellSince >= HOLD_MS) return wellSince - struckMs;
  }
  return null;
}

function windowP99(load: Load, span: Span): number {
  const [from, to] = indexesOf(load, span);
  const latencies = load.latencyMs
    .subarray(from, to)
    .map((latency, index) => (load.status[from + index] === OK ? latency : Number.POSITIVE_INFINITY))
    .sort();
  return percentile(latencies, 0.99) ?? 0;
}

/** Of ascending values: the least that is not below that part of them; null without any. */
export function percentile(ascending: Float64Array, part: number): number | null {
  return ascending[Math.max(0, Math.ceil(ascending.length * part) - 1)] ?? null;
}

/**
 * From the span's start to the last request after which a worker had been sent more than half as many in a second as before.
 * Null: it never ceased to be sent so many.
 * @param arrivals at the worker, ascending, from a second before the span on
 */
export function relievedMs(arrivals: readonly number[], { fromMs, toMs }: Span, perSecondBefore: number) {
  const most = Math.ceil((perSecondBefore / 2) * (WINDOW_MS / 1_000));
  let last = fromMs;
  for (const [index, at] of arrivals.entries()) {
    const earlier = arrivals[index - most];
    if (at >= fromMs && at < toMs && earlier !== undefined && at - earlier < WINDOW_MS) last = at;
  }
  return toMs - last < WINDOW_MS ? null : last - fromMs;
}

/** The first arrival of the span, and the first after it. */
function indexesOf({ intendedMs }: Load, { fromMs, toMs }: Span): [number, number] {
  return [firstFrom(intendedMs, fromMs), firstFrom(intendedMs, toMs)];
}

function firstFrom(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
