/** The watchdog: takes workers that do not answer out of traffic, lets them back when they do, buries the dead. */
import type { ControlTable } from '../table/control-table.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ControlLoop } from './control-loop.ts';
import {
  decideStatusChanges,
  type WatchdogAction,
  type WatchdogObservation,
} from './decide-status-changes.ts';

const WATCHDOG_INTERVAL_MS = 100;

export interface WatchdogOptions {
  readonly silentMs: number;
  readonly errorGraceMs: number;
  readonly log: Logger;
}

/** The watchdog as a loop over a table. */
export function createWatchdog(
  table: ControlTable,
  { silentMs, errorGraceMs, log }: WatchdogOptions,
): ControlLoop<WatchdogObservation, WatchdogAction> {
  return new ControlLoop<WatchdogObservation, WatchdogAction>({
    name: 'watchdog',
    intervalMs: WATCHDOG_INTERVAL_MS,
    observe: () => {
      const { workers, heard_at, health } = table.view();
      return {
        workers: workers.map((row) => ({ row, statements: table.statementsOf(row.id_worker) })),
        // Nobody is silent for as long as the table is: that it is away may not be known yet.
        now: heard_at,
        since: health.since,
        silentMs,
        errorGraceMs,
      };
    },
    decide: decideStatusChanges,
    act: async (action) => {
      const { id_worker, reason } = action;
      if (action.type === 'remove') {
        if ((await table.remove(id_worker)) === 'removed') log.warn({ id_worker, reason }, 'worker removed');
        return;
      }
      const { from, to } = action;
      if ((await table.transition(id_worker, from, to, reason)) !== 'changed') return;
      log[to === 'ERROR' ? 'warn' : 'info']({ id_worker, from, to, reason }, 'worker changed status');
    },
    log,
  });
}
