/** `turntable attach`: has gateways use a server that is there already, as a worker in a shared table. */
import { parseHttpEndpoint } from '../channel/endpoint.ts';
import { ConfigError, loadConfig } from '../config/load-config.ts';
import { isModelName, isVersionName, MODEL_NAME_RULE } from '../repository/names.ts';
import { createLogger } from '../telemetry/logger.ts';
import { whenReady } from './attached-server.ts';
import { AttachedWorker } from './attached-worker.ts';
import { displayTable, openTable, requireSharedTable } from './open-table.ts';
import { onStopSignals } from './stop-signals.ts';

/** How long the server may take to be ready, where both start at once. */
const READY_TIMEOUT_MS = 10_000;
const ASK_EVERY_MS = 100;

/**
 * @param endpoint of the server
 * @param flags the command line's options, by the names of the configuration's fields
 */
export async function runAttach(endpoint: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const config = loadConfig('attach', flags, process.env);
  const { model: id_model, modelVersion: version, slots, weight, notIdempotent, heartbeatMs } = config;
  requireSharedTable('server that is attached', config);
  checkEndpoint(endpoint, id_model);
  if (!isModelName(id_model)) {
    throw new ConfigError(`--model is "${id_model}"; it must be given, and ${MODEL_NAME_RULE}`);
  }
  if (!isVersionName(version)) {
    throw new ConfigError(`--model-version is "${version}"; expected a whole number from 1`);
  }
  const log = createLogger().child({ endpoint });
  const table = await openTable(config, `turntable-attach-${id_model}-${version}`, log);
  try {
    const worker = new AttachedWorker({
      ...{ table, endpoint, id_model, version, slots, weight, idempotent: !notIdempotent, heartbeatMs, log },
      // As if somebody had asked this process to end.
      onRetired: () => process.kill(process.pid, 'SIGTERM'),
    });
    await whenReady(endpoint, worker.target, { timeoutMs: READY_TIMEOUT_MS, everyMs: ASK_EVERY_MS });
    onStopSignals(log, async () => {
      await worker.leave(config.drainMs);
      await table.close();
    });
    const id_worker = await worker.start();
    process.stdout.write(
      `Turntable worker ${id_worker} is the server at ${endpoint}, which serves ${id_model} version ${version}, ` +
        `registered in ${await displayTable(config)}\n`,
    );
  } catch (error) {
    await table.close();
    throw error;
  }
}

/** @throws ConfigError */
function checkEndpoint(endpoint: string, id_model: string): void {
  try {
    parseHttpEndpoint(endpoint, id_model);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}
