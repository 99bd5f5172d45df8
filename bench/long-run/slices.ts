/** The run cut into its minutes. */
import { type Load, percentile } from '../faults/window.ts';
import { TICK_US } from '../support/process-cpu.ts';
import { spreadOf } from '../support/statistics.ts';
import type { KillSample } from './kills.ts';
import type { HoldSample } from './watch.ts';

const OK = 200;

/** Latencies are those of what was answered with 200. */
interface Latencies {
  readonly requests: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

export interface Slice extends Latencies {
  /** From 1. */
  readonly minute: number;
  readonly failed: number;
  /** Failures by HTTP status; 0: no answer. */
  readonly others: Readonly<Record<string, number>>;
  /** Without what came after a kill. */
  readonly calm: Latencies;
  /** Medians. Null where none was read. */
  readonly gateway_rss_mb: number | null;
  readonly all_rss_mb: number | null;
  readonly heap_mb: number | null;
  readonly open_files: number | null;
  readonly fixed_work_us: number | null;
  /** By the hypervisor, of all cores; null where that is not known. */
  readonly withheld_cores: number | null;
}

/** Milliseconds since the load began. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** From each kill until so long after the worker was replaced. */
export function disturbances(kills: readonly KillSample[], calmMs: number): Span[] {
  return kills.map(({ at_ms, replaced_after_ms }) => ({
    fromMs: at_ms,
    toMs: replaced_after_ms === null ? Number.POSITIVE_INFINITY : at_ms + replaced_after_ms + calmMs,
  }));
}

export interface SliceInputs {
  readonly load: Load;
  readonly holds: readonly HoldSample[];
  readonly disturbed: readonly Span[];
  readonly sliceSeconds: number;
  /** Of every so manieth request the latency counts, 1 being all. To sort half a million while the load goes on is felt by it. */
  readonly every: number;
}

/** @param minute from 1 */
export function cutSlice(
  minute: number,
  { load, holds, disturbed, sliceSeconds, every }: SliceInputs,
): Slice {
  const fromMs = (minute - 1) * sliceSeconds * 1_000;
  const toMs = fromMs + sliceSeconds * 1_000;
  const all: number[] = [];
  const calm: number[] = [];
  const others: Record<string, number> = {};
  let failed = 0;
  let requests = 0;
  let calmRequests = 0;
  for (let index = firstFrom(load.intendedMs, fromMs); index < load.intendedMs.length; index++) {
    const atMs = load.intendedMs[index] as number;
    if (atMs >= toMs) break;
    requests++;
    const isCalm = !disturbed.some((span) => atMs >= span.fromMs && atMs < span.toMs);
    if (isCalm) calmRequests++;
    const latencyMs = load.latencyMs[index] as number;
    // While the run goes on, one that has not ended yet.
    if (latencyMs === 0) continue;
    const status = load.status[index] as number;
    if (status !== OK) {
      failed++;
      others[status] = (others[status] ?? 0) + 1;
      continue;
    }
    if (index % every !== 0) continue;
    all.push(latencyMs);
    if (isCalm) calm.push(latencyMs);
  }
  const held = holds.filter(({ at_s }) => at_s * 1_000 >= fromMs && at_s * 1_000 < toMs);
  const median = (read: (hold: HoldSample) => number | null) =>
    spreadOf(held.map(read).filter((value) => value !== null))?.median ?? null;
  return {
    ...{ minute, ...latencies(all, requests), failed, others, calm: latencies(calm, calmRequests) },
    gateway_rss_mb: median(({ gateway_rss_mb }) => gateway_rss_mb),
    all_rss_mb: median(({ all_rss_mb }) => all_rss_mb),
    heap_mb: median(({ heap_mb }) => heap_mb),
    open_files: median(({ open_files }) => open_files),
    fixed_work_us: median(({ fixed_work_us }) => fixed_work_us),
    withheld_cores: withheldCores(held),
  };
}

function withheldCores(held: readonly HoldSample[]): number | null {
  const [first, last] = [held[0], held.at(-1)];
  if (!first || !last || first === last) return null;
  return ((last.stolen_ticks - first.stolen_ticks) * TICK_US) / 1e6 / (last.at_s - first.at_s);
}

function latencies(values: readonly number[], requests: number): Latencies {
  const ascending = Float64Array.from(values).sort();
  return { requests, p50_ms: percentile(ascending, 0.5), p99_ms: percentile(ascending, 0.99) };
}

function firstFrom(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The mean of the last two over that of the second and the third; null where one of them is not known. */
export function endOverStart(slices: readonly Slice[], read: (slice: Slice) => number | null): number | null {
  const mean = (some: readonly Slice[]) => {
    const values = some.map(read).filter((value) => value !== null);
    return values.length < 2 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const start = mean(slices.slice(1, 3));
  const end = mean(slices.slice(-2));
  return start === null || end === null ? null : end / start;
}
