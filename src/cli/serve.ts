/** `turntable serve`: gateway and controller in one process, workers as its children. */
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../telemetry/logger.ts';
import { displayUrl } from './display-url.ts';
import { EXIT } from './exit-code.ts';
import { newMemberId } from './member-id.ts';
import { openGateway } from './open-gateway.ts';
import { openTable } from './open-table.ts';
import { type RunningController, startController } from './start-controller.ts';
import { announceModels } from './startup-banner.ts';
import { onStopSignals } from './stop-signals.ts';

/** @param flags the command line's options, by the names of the configuration's fields */
export async function serve(repository: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const config = loadConfig('serve', flags, process.env);
  const log = createLogger();
  const id_gateway = newMemberId('gw');
  const table = await openTable(config, `turntable-serve-${id_gateway}`, log);
  const gateway = await openGateway({ id_gateway, config, table, log });
  let controller: RunningController | undefined;
  let port: number;
  try {
    // Before it listens: a server that knows of no model yet would be ready.
    controller = await startController({ id_controller: newMemberId('ct'), repository, config, table, log });
    ({ port } = await gateway.listen(config.port, config.host));
  } catch (error) {
    await gateway.close(0);
    await controller?.stop();
    await table.close();
    throw error;
  }
  const stop = onStopSignals(log, async () => {
    await gateway.close(config.drainMs);
    await controller.stop();
    await table.close();
  });
  void gateway.died.then(() => stop(EXIT.failed));
  if (!controller.acting) {
    process.stdout.write(
      'Another controller acts: this one stands by, and starts no workers before that one is gone.\n',
    );
  }
  await announceModels(table, displayUrl(config.host, port), repository);
}
