/** `turntable serve`: gateway, controller and memory table in one process, workers as its children. */
import { randomBytes } from 'node:crypto';
import { TurntableChannel } from '../channel/turntable-channel.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { ModelLifecycle } from '../control/model-lifecycle.ts';
import { Supervisor } from '../control/supervisor.ts';
import { createWatchdog } from '../control/watchdog.ts';
import { Gateway } from '../gateway/gateway.ts';
import { ProcessProvisioner } from '../provision/process-provisioner.ts';
import { siblingModule } from '../sibling-module.ts';
import { MemoryControlTable } from '../table/memory/memory-control-table.ts';
import { createLogger } from '../telemetry/logger.ts';
import { EXIT } from './exit-code.ts';
import { PACKAGE_VERSION } from './package-version.ts';
import { announceModels } from './startup-banner.ts';

/** How long a load or unload may take. */
const COMMAND_TIMEOUT_MS = 300_000;
const STALLED_MARGIN_MS = 30_000;

/** @param flags the command line's options, by the names of the configuration's fields */
export async function serve(repository: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const config = loadConfig(flags, process.env);
  const log = createLogger();
  const table = new MemoryControlTable(() => Date.now());
  const provisioner = new ProcessProvisioner({
    entry: siblingModule(import.meta.url, './worker-main'),
    heartbeatMs: config.heartbeatMs,
    maxBodyBytes: config.maxBodyBytes,
    drainMs: config.drainMs,
  });
  const supervisor = new Supervisor({
    table,
    provisioner,
    log,
    now: () => performance.now(),
    random64: () => randomBytes(8).readBigUInt64LE(),
    errorGraceMs: config.errorGraceMs,
    startTimeoutMs: config.startTimeoutMs,
  });
  const lifecycle = new ModelLifecycle({
    root: repository,
    defaultReplicas: config.replicas,
    supervisor,
    table,
    log,
    timeoutMs: COMMAND_TIMEOUT_MS,
  });
  const watchdog = createWatchdog(table, { silentMs: config.silentMs, log });
  const gateway = createGateway(config, table, log);

  const stopServing = table.serveCommands((command) => lifecycle.handle(command));
  let address: Awaited<ReturnType<Gateway['listen']>>;
  try {
    // Before it listens: a server that knows of no model yet would be ready.
    await lifecycle.loadAll();
    address = await gateway.listen(config.port, config.host);
  } catch (error) {
    await gateway.close(0);
    await provisioner.close();
    throw error;
  }
  supervisor.start();
  watchdog.start();

  let stopping = false;
  const stop = async (signal: string) => {
    // A second signal says that somebody does not want to wait.
    if (stopping) process.exit(EXIT.failed);
    stopping = true;
    log.info({ signal }, 'shutting down: finishing what is under way');
    await gateway.close(config.drainMs);
    stopServing();
    await watchdog.stop();
    await supervisor.close();
    await table.close();
    process.exit(EXIT.ok);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));

  await announceModels(table, `http://${displayHost(config.host)}:${address.port}`, repository);
}

function createGateway(
  config: ServerConfig,
  table: MemoryControlTable,
  log: ReturnType<typeof createLogger>,
): Gateway {
  const id_gateway = `gw-${randomBytes(5).toString('hex')}`;
  return new Gateway({
    id_gateway,
    table,
    version: PACKAGE_VERSION,
    openChannel: (row, onStateChange) =>
      new TurntableChannel({
        endpoint: row.endpoint,
        id_worker: row.id_worker,
        name: id_gateway,
        now: () => performance.now(),
        onStateChange,
      }),
    log,
    maxBodyBytes: config.maxBodyBytes,
    maxBufferedBytes: config.maxBufferedBytes,
    maxInFlight: config.maxInFlight,
    requestTimeoutMs: config.requestTimeoutMs,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    waiting: { maxWaiting: config.maxWaiting, maxWaitMs: config.maxWaitMs },
    http: {
      headersTimeoutMs: config.headersTimeoutMs,
      receiveTimeoutMs: config.receiveTimeoutMs,
      keepAliveMs: config.keepAliveMs,
      maxConnections: config.maxConnections,
      // Longer than any request may take, so that waiting for its answer is not taken for it.
      stalledMs: Math.max(config.requestTimeoutMs, COMMAND_TIMEOUT_MS) + STALLED_MARGIN_MS,
    },
    accessLog: config.accessLog,
  });
}

/** An address that works in a URL, also when the server listens on all of them. */
function displayHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
