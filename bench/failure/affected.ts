/**
 * When a fault began and ceased to be felt, as clients see it, and so the same for all systems: nothing is asked of any about
 * what it has noticed.
 */
import { type Load, percentile, type Span } from '../faults/window.ts';

const OK = 200;
/** So much more than the p99 of before is what the fault costs, and not chance. */
const SLOW_MS = 100;
/** Of the p99 of before. */
const RECOVERED = 1.2;
/** In times of one request: with three workers of four, each at 67 % of what it carries, requests wait that much longer. */
const THREE_OF_FOUR = 3;
const WINDOW_MS = 1_000;
const STEP_MS = 20;

export interface Affected {
  /** Answered otherwise than with 200, or not at all. */
  readonly failed: number;
  /** Answered with 200, more than 100 ms later than 99 % were before. */
  readonly slow: number;
  /** From the fault to when the last of them was to be sent; null: there were some in the last second of it. */
  readonly detectMs: number | null;
}

/**
 * @param fault from when it struck until it ended
 * @param fromMs where they begin to count: those under way when it strikes were to be sent before
 */
export function affectedBy(load: Load, fault: Span, fromMs: number, p99BeforeMs: number): Affected {
  let failed = 0;
  let slow = 0;
  let lastMs = fault.fromMs;
  for (const [index, atMs] of load.intendedMs.entries()) {
    if (atMs < fromMs || atMs >= fault.toMs) continue;
    const isFailed = load.status[index] !== OK;
    if (!isFailed && load.latencyMs[index]! <= p99BeforeMs + SLOW_MS) continue;
    if (isFailed) failed++;
    else slow++;
    lastMs = Math.max(lastMs, atMs);
  }
  return { failed, slow, detectMs: lastMs > fault.toMs - WINDOW_MS ? null : lastMs - fault.fromMs };
}

/**
 * From the fault to the first moment from which the p99 of a second's requests is within 1.2 times that of before; what failed
 * counts as never answered. Null: there was none until `endMs`.
 * @param spareMs allowed beyond that
 */
export function recoveredMs(
  load: Load,
  { struckMs, endMs }: { readonly struckMs: number; readonly endMs: number },
  p99BeforeMs: number,
  spareMs: number,
): number | null {
  const most = RECOVERED * p99BeforeMs + spareMs;
  for (let at = struckMs; at + WINDOW_MS <= endMs; at += STEP_MS) {
    if (p99Of(load, { fromMs: at, toMs: at + WINDOW_MS }) <= most) return at - struckMs;
  }
  return null;
}

/** What three workers need more than four at half the load of these, which no system can spare. */
export function spareOfThree(serviceMs: number): number {
  return THREE_OF_FOUR * serviceMs;
}

function p99Of({ intendedMs, latencyMs, status }: Load, { fromMs, toMs }: Span): number {
  const latencies: number[] = [];
  for (const [index, atMs] of intendedMs.entries()) {
    if (atMs < fromMs || atMs >= toMs) continue;
    latencies.push(status[index] === OK ? latencyMs[index]! : Number.POSITIVE_INFINITY);
  }
  return percentile(Float64Array.from(latencies).sort(), 0.99) ?? 0;
}
