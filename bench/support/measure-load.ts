/** One measurement: a closed loop of requests on one system, and who used the processors meanwhile. */
import type { MeasuredSystem } from './measured-system.ts';
import { machineTicks, type ProcessTable, readProcessTable, TICK_US } from './process-cpu.ts';
import { runWrk, type WrkLoad } from './wrk.ts';

export interface LoadSample {
  readonly system: string;
  readonly round: number;
  readonly requests: number;
  readonly requests_per_second: number;
  readonly p50_us: number;
  readonly p90_us: number;
  readonly p99_us: number;
  readonly p999_us: number;
  readonly max_us: number;
  readonly failed: number;
  readonly failed_by_kind: Readonly<Record<string, number>>;
  readonly cpu_us_per_request: number;
  readonly gateway_cpu_us_per_request: number;
  readonly workers_cpu_us_per_request: number;
  /** Cores kept busy over the window: 1 is one core all the time. */
  readonly cores_busy: {
    readonly system: number;
    readonly load_generator: number;
    /** The other systems of this benchmark, which run but have nothing to do. */
    readonly idle_systems: number;
    /** Processes that do not belong to the benchmark: anything much above 0 spoils the sample. */
    readonly others: number;
    /** What the hypervisor withheld while something wanted to run; spoils a sample likewise. */
    readonly stolen: number;
  };
}

/** Foreign processes and the hypervisor may take this much of the cores before a sample is called disturbed. */
const DISTURBED_CORES = 0.1;

export function isDisturbed(sample: LoadSample): boolean {
  return sample.cores_busy.others + sample.cores_busy.stolen > DISTURBED_CORES;
}

export interface LoadTarget {
  readonly system: MeasuredSystem;
  readonly idle: readonly Pick<MeasuredSystem, 'cpuTicks'>[];
  readonly round: number;
}

export async function measureLoad(
  { system, idle, round }: LoadTarget,
  load: Omit<WrkLoad, 'url'>,
  signal: AbortSignal,
): Promise<LoadSample> {
  const before = readCpu(system, idle);
  const result = await runWrk({ ...load, url: system.inferUrl }, signal);
  const after = readCpu(system, idle);
  system.assertRunning();

  const perRequest = (ticks: number) => (ticks * TICK_US) / result.requests;
  const cores = (ticks: number) => (ticks * TICK_US) / (after.atUs - before.atUs);
  const gateway = after.gateway - before.gateway;
  const workers = after.workers - before.workers;
  const idleTicks = after.idle - before.idle;
  const generator = after.reaped - before.reaped;
  const ours = gateway + workers + idleTicks + generator + (after.harness - before.harness);
  return {
    system: system.name,
    round,
    requests: result.requests,
    requests_per_second: (result.requests * 1e6) / result.durationUs,
    p50_us: result.p50Us,
    p90_us: result.p90Us,
    p99_us: result.p99Us,
    p999_us: result.p999Us,
    max_us: result.maxUs,
    failed: Object.values(result.failed).reduce((sum, count) => sum + count, 0),
    failed_by_kind: result.failed,
    cpu_us_per_request: perRequest(gateway + workers),
    gateway_cpu_us_per_request: perRequest(gateway),
    workers_cpu_us_per_request: perRequest(workers),
    cores_busy: {
      system: cores(gateway + workers),
      load_generator: cores(generator),
      idle_systems: cores(idleTicks),
      others: cores(Math.max(0, after.busy - before.busy - ours)),
      stolen: cores(after.stolen - before.stolen),
    },
  };
}

function readCpu(system: MeasuredSystem, idle: LoadTarget['idle']) {
  const table: ProcessTable = readProcessTable();
  const self = table.get(process.pid)!;
  const { gateway, workers } = system.cpuTicks(table);
  const idleTicks = idle
    .map((other) => other.cpuTicks(table))
    .reduce((sum, ticks) => sum + ticks.gateway + ticks.workers, 0);
  return {
    atUs: performance.now() * 1000,
    ...machineTicks(),
    gateway,
    workers,
    idle: idleTicks,
    harness: self.ownTicks,
    // wrk is the only child that ends during a measurement, so this is its time, exactly.
    reaped: self.reapedTicks,
  };
}
