/** What a server holds while it runs, and how the machine is: second by second. */
import { readdirSync } from 'node:fs';
import { fixedWorkUs } from '../support/machine-pace.ts';
import { descendantsOf, machineTicks, readProcessTable, residentMb } from '../support/process-cpu.ts';
import { metricSum, readMetrics } from '../support/read-metrics.ts';
import type { TurntableServer } from '../support/turntable-server.ts';

export interface HoldSample {
  /** Since the load began. */
  readonly at_s: number;
  readonly gateway_rss_mb: number;
  /** Of the gateway process and all workers. */
  readonly all_rss_mb: number;
  /** Of the gateway process. */
  readonly open_files: number;
  /** In use, as the gateway itself tells; null: it was not asked, which is done now and then. */
  readonly heap_mb: number | null;
  /** What a fixed piece of work takes: the greater, the slower the machine itself. */
  readonly fixed_work_us: number;
  /** Withheld by the hypervisor since the machine started, over all processors. */
  readonly stolen_ticks: number;
}

export async function readHold(
  server: TurntableServer,
  at_s: number,
  asksHeap: boolean,
  signal: AbortSignal,
): Promise<HoldSample> {
  const { origin } = new URL(server.inferUrl);
  const metrics = asksHeap ? await readMetrics(origin, signal) : null;
  const { gatewayPid } = server;
  const gateway_rss_mb = residentMb(gatewayPid);
  const workers = descendantsOf(readProcessTable(), gatewayPid).map(residentOrNone);
  return {
    ...{ at_s, gateway_rss_mb },
    all_rss_mb: workers.reduce((sum, mb) => sum + mb, gateway_rss_mb),
    open_files: readdirSync(`/proc/${gatewayPid}/fd`).length,
    heap_mb: metrics === null ? null : metricSum(metrics, 'nodejs_heap_size_used_bytes') / 1e6,
    fixed_work_us: fixedWorkUs(),
    stolen_ticks: machineTicks().stolen,
  };
}

/** One that is killed may be gone by now, or have no memory any more. */
function residentOrNone(pid: number): number {
  try {
    return residentMb(pid) || 0;
  } catch {
    return 0;
  }
}

/** What must not be left when nothing is under way any more. */
export interface Leftovers {
  /** Sum over all workers, as `GET /workers` shows it. */
  readonly current_requests: number;
  readonly in_flight: number;
  readonly waiting: number;
  readonly buffered_bytes: number;
}
