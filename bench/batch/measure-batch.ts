/** One measurement: a batch to one system, and who used the processors meanwhile. */
import { machineTicks, readProcessTable, TICK_US, treeTicks } from '../support/process-cpu.ts';
import { type CountedLoad, runCountedLoad } from './counted-load.ts';
import type { Part } from './options.ts';

export interface BatchSample {
  readonly part: Part;
  readonly system: string;
  readonly workers: number;
  readonly round: number;
  readonly requests: number;
  readonly total_s: number;
  readonly requests_per_second: number;
  /** Null when nothing was answered with 200. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
  readonly errors: number;
  readonly errors_by_kind: Readonly<Record<string, number>>;
  /** Cores kept busy over the window: 1 is one core all the time. */
  readonly cores_busy: {
    /** The system, its workers, and what stands by idle. */
    readonly systems: number;
    readonly load_generator: number;
    /** Processes that do not belong to the benchmark, and what the hypervisor withheld: they spoil a sample. */
    readonly others: number;
    readonly stolen: number;
  };
}

/** Foreign processes and the hypervisor may take this much of the cores before a sample is called disturbed. */
const DISTURBED_CORES = 0.1;

export function isDisturbed({ cores_busy: { others, stolen } }: BatchSample): boolean {
  return others + stolen > DISTURBED_CORES;
}

export async function measureBatch(
  what: Pick<BatchSample, 'part' | 'system' | 'workers' | 'round'>,
  load: CountedLoad,
  signal: AbortSignal,
): Promise<BatchSample> {
  const before = readCpu();
  const { totalMs, latencyMs, errors } = await runCountedLoad(load, signal);
  const after = readCpu();
  const cores = (us: number) => us / (after.atUs - before.atUs);
  const generatorUs = after.ownUs - before.ownUs;
  const treeUs = after.treeUs - before.treeUs;
  const at = (part: number) => latencyMs[Math.max(0, Math.ceil(latencyMs.length * part) - 1)] ?? null;
  return {
    ...what,
    requests: load.count,
    total_s: totalMs / 1_000,
    requests_per_second: (load.count * 1_000) / totalMs,
    ...{ p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) },
    errors: Object.values(errors).reduce((sum, count) => sum + count, 0),
    errors_by_kind: errors,
    cores_busy: {
      systems: cores(Math.max(0, treeUs - generatorUs)),
      load_generator: cores(generatorUs),
      others: cores(Math.max(0, after.busyUs - before.busyUs - treeUs)),
      stolen: cores(after.stolenUs - before.stolenUs),
    },
  };
}

/** All that runs for the benchmark is this process, which sends, and what it started. */
function readCpu() {
  const { busy, stolen } = machineTicks();
  const { user, system } = process.cpuUsage();
  return {
    atUs: performance.now() * 1_000,
    busyUs: busy * TICK_US,
    stolenUs: stolen * TICK_US,
    ownUs: user + system,
    treeUs: treeTicks(readProcessTable(), process.pid) * TICK_US,
  };
}
