/** The watchdog: takes workers that do not answer out of traffic, and lets them back when they do. */
import type { ControlTable } from '../table/control-table.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ControlLoop } from './control-loop.ts';
import { decideStatusChanges, type StatusChange, type WatchdogObservation } from './decide-status-changes.ts';

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
