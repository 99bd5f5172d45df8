/** `turntable gateway`: takes requests for the models of a shared table. */
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../telemetry/logger.ts';
import { displayUrl } from './display-url.ts';
import { EXIT } from './exit-code.ts';
import { newMemberId } from './member-id.ts';
import { openGateway } from './open-gateway.ts';
import { displayTable, openTable, requireSharedTable } from './open-table.ts';
import { onStopSignals } from './stop-signals.ts';

/** @param flags the command line's options, by the names of the configuration's fields */
export async function runGateway(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const config = loadConfig('gateway', flags, process.env);
  requireSharedTable('gateway', config);
  const log = createLogger();
  const id_gateway = newMemberId('gw');
  const table = await openTable(config, `turntable-gateway-${id_gateway}`, log);
  const gateway = await openGateway({ id_gateway, config, table, log });
  let port: number;
  try {
    ({ port } = await gateway.listen(config.port, config.host));
  } catch (error) {
    await gateway.close(0);
    await table.close();
    throw error;
  }
  const stop = onStopSignals(log, async () => {
    await gateway.close(config.drainMs);
    await table.close();
  });
  void gateway.died.then(() => stop(EXIT.failed));
  const url = displayUrl(config.host, port);
  process.stdout.write(
    `Turntable gateway ${id_gateway} serves the models of ${await displayTable(config)} at ${url}\n` +
      `Workers: ${url}/workers   Metrics: ${url}/metrics   API: ${url}/docs\n`,
  );
}
