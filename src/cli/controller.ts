/** `turntable controller`: keeps workers as they should be, when it is the one that acts. */
import { loadConfig } from '../config/load-config.ts';
import type { ControlTable } from '../table/control-table.ts';
import { createLogger } from '../telemetry/logger.ts';
import { newMemberId } from './member-id.ts';
import { displayTable, openTable, requireSharedTable } from './open-table.ts';
import { type RunningController, startController } from './start-controller.ts';
import { onStopSignals } from './stop-signals.ts';

const LOOK_EVERY_MS = 100;

/** @param flags the command line's options, by the names of the configuration's fields */
export async function runController(
  repository: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<void> {
  const config = loadConfig('controller', flags, process.env);
  requireSharedTable('controller', config);
  const log = createLogger();
  const id_controller = newMemberId('ct');
  const table = await openTable(config, `turntable-controller-${id_controller}`, log);
  let controller: RunningController;
  try {
    controller = await startController({ id_controller, repository, config, table, log });
  } catch (error) {
    await table.close();
    throw error;
  }
  process.stdout.write(
    `Turntable controller ${id_controller} of ${repository} at ${await displayTable(config)}\n`,
  );
  const stopAnnouncing = announceStanding(table, controller);
  onStopSignals(log, async () => {
    stopAnnouncing();
    await controller.stop();
    await table.close();
  });
}

/** Prints whether it acts, at once and whenever that is another than before. */
function announceStanding(table: ControlTable, controller: RunningController): () => void {
  let before: boolean | undefined;
  const announce = () => {
    const { acting } = controller;
    // While the table is away nobody acts; the log says that it is.
    if (acting === before || !table.view().health.available) return;
    before = acting;
    process.stdout.write(acting ? 'It acts.\n' : 'It stands by.\n');
  };
  announce();
  const timer = setInterval(announce, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
