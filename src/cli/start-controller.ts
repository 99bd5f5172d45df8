/** Puts a controller together: the loops that act on the table while this process is the one that acts. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { RoleConfig } from '../config/server-config.ts';
import { handOver } from '../control/hand-over.ts';
import { ModelLifecycle } from '../control/model-lifecycle.ts';
import { Supervisor } from '../control/supervisor.ts';
import { Turns } from '../control/turns.ts';
import { createWatchdog } from '../control/watchdog.ts';
import { ProcessProvisioner } from '../provision/process-provisioner.ts';
import { siblingModule } from '../sibling-module.ts';
import type { ControlTable } from '../table/control-table.ts';
import type { Leadership } from '../table/member.ts';
import { COMMAND_TIMEOUT_MS } from '../table/model-record.ts';
import type { Logger } from '../telemetry/logger.ts';
import { sharedTable } from './open-table.ts';
import { TablePresence } from './table-presence.ts';

export interface ControllerOptions {
  readonly id_controller: string;
  /** Directory of models. */
  readonly repository: string;
  readonly config: RoleConfig<'controller'>;
  readonly table: ControlTable;
  readonly log: Logger;
}

export interface RunningController {
  /** Whether it acts now; another acts, or none, when it does not. */
  readonly acting: boolean;
  /** Lets another act, ends the workers that were started here, each once it can be spared, and resolves then. */
  stop(): Promise<void>;
}

/**
 * Stands for acting controller; resolves when it is known whether this one acts, and all models are in the table if it
 * does.
 * @throws RepositoryError when the repository cannot be read
 */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { id_controller, repository, config, table, log } = options;
  const provisioner = createProvisioner(options);
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
  const { silentMs, errorGraceMs } = config;
  const watchdog = createWatchdog(table, { silentMs, errorGraceMs, log });
  const stopServing = table.serveCommands((command) => lifecycle.handle(command));

  let lastTerm: number | undefined;
  const turns = new Turns({
    begin: async (term) => {
      // Where nobody else has acted since, what is to be served is known here; else the repository says.
      if (lastTerm !== undefined && term - lastTerm <= 1) await supervisor.reaffirm();
      else await lifecycle.loadAll();
      lastTerm = term;
      supervisor.start();
      watchdog.start();
    },
    end: async () => {
      await watchdog.stop();
      await supervisor.stop();
    },
    log,
  });
  const unsubscribe = table.subscribe((change) => {
    if (change.kind === 'restored') turns.redo(() => supervisor.reaffirm());
  });
  let leadership: Leadership | undefined;
  const close = async () => {
    unsubscribe();
    stopServing();
    await leadership?.resign();
    await turns.close();
  };
  try {
    await lifecycle.check();
    leadership = await table.campaign({ id_controller, node: hostname(), pid: process.pid }, (term) => {
      if (config.table !== 'memory') {
        log.info(
          { id_controller, term },
          term === undefined ? 'this controller stands by' : 'this controller acts',
        );
      }
      turns.take(term);
    });
    await turns.settled();
  } catch (error) {
    await close();
    await provisioner.close();
    throw error;
  }
  return {
    get acting() {
      return leadership?.acting ?? false;
    },
    async stop() {
      await close();
      await handOver({ table, provisioner, id_controller, limitMs: config.drainMs });
      await supervisor.close();
    },
  };
}

function createProvisioner({ config, table, log }: ControllerOptions): ProcessProvisioner {
  const { heartbeatMs, maxBodyBytes, drainMs, workerHost, workerAdvertise } = config;
  const shared = sharedTable(config);
  const provisioner = new ProcessProvisioner({
    entry: siblingModule(import.meta.url, './worker-main'),
    ...{ heartbeatMs, maxBodyBytes, drainMs, workerHost, workerAdvertise, log },
    table: shared,
    // A table in this process's memory is written to by this process alone.
    presenceFor: shared
      ? undefined
      : ({ id_worker, revision }) =>
          new TablePresence({
            table,
            supervised: true,
            revision,
            log: log.child({ id_worker }),
            onRetired: () => provisioner.drain(id_worker),
            onRemoved: () => provisioner.kill(id_worker),
          }),
  });
  return provisioner;
}
