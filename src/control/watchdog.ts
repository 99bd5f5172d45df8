/** The watchdog: takes workers that do not answer out of traffic, and lets them back when they do. */
import type { ControlTable } from '../table/control-table.ts';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow, WorkerStatus } from '../table/worker-row.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ControlLoop } from './control-loop.ts';

export interface WatchdogObservation {
  readonly workers: readonly { readonly row: WorkerRow; readonly statements: readonly WorkerLoad[] }[];
  /** The table's clock, milliseconds. */
  readonly now: number;
  /** A worker that gave no sign of life for this long is silent. */
  readonly silentMs: number;
}

export interface StatusChange {
  readonly id_worker: string;
  readonly from: WorkerStatus;
  readonly to: WorkerStatus;
  readonly reason: string;
}

/**
 * Which statuses to change. A worker is in ERROR while it is silent, or while every gateway that speaks of it
 * says that it cannot reach it; one gateway among several may have trouble of its own.
 */
export function decideStatusChanges(observed: WatchdogObservation): readonly StatusChange[] {
  const changes: StatusChange[] = [];
  for (const { row, statements } of observed.workers) {
    const trouble = troubleOf(row, statements, observed);
    if (row.status === 'ACTIVE' && trouble !== undefined) {
      changes.push({ id_worker: row.id_worker, from: 'ACTIVE', to: 'ERROR', reason: trouble });
    } else if (row.status === 'ERROR' && trouble === undefined) {
      changes.push({ id_worker: row.id_worker, from: 'ERROR', to: 'ACTIVE', reason: '' });
    }
  }
  return changes;
}

function troubleOf(
  row: WorkerRow,
  statements: readonly WorkerLoad[],
  { now, silentMs }: WatchdogObservation,
): string | undefined {
  const silence = now - row.last_activity;
  if (silence > silentMs) return `silent for ${Math.round(silence)} ms`;
  if (statements.length > 0 && statements.every((statement) => !statement.reachable)) {
    return 'does not answer the gateway';
  }
  return undefined;
}

const WATCHDOG_INTERVAL_MS = 100;

/** The watchdog as a loop over a table. */
export function createWatchdog(
  table: ControlTable,
  options: { readonly silentMs: number; readonly log: Logger },
): ControlLoop<WatchdogObservation, StatusChange> {
  return new ControlLoop<WatchdogObservation, StatusChange>({
    name: 'watchdog',
    intervalMs: WATCHDOG_INTERVAL_MS,
    observe: () => {
      const { workers, now } = table.view();
      return {
        workers: workers.map((row) => ({ row, statements: table.statementsOf(row.id_worker) })),
        now,
        silentMs: options.silentMs,
      };
    },
    decide: decideStatusChanges,
    act: async ({ id_worker, from, to, reason }) => {
      const result = await table.transition(id_worker, from, to, reason);
      if (result !== 'changed') return;
      options.log[to === 'ERROR' ? 'warn' : 'info']({ id_worker, from, to, reason }, 'worker changed status');
    },
    log: options.log,
  });
}
