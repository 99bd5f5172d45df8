/** `turntable health`: whether the process of a role on this machine does its work, for whoever restarts it if not. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { askWorkerId } from '../channel/ask-worker-id.ts';
import { tcpEndpoint } from '../channel/endpoint.ts';
import { ConfigError, loadConfig } from '../config/load-config.ts';
import type { Role } from '../config/server-config.ts';
import type { ControlTable } from '../table/control-table.ts';
import type { ControllerRow } from '../table/member.ts';
import { createLogger } from '../telemetry/logger.ts';
import { TurntableError } from '../turntable-error.ts';
import { newMemberId } from './member-id.ts';
import { openTable, requireSharedTable } from './open-table.ts';
import { ask } from './server-client.ts';

type Flags = Readonly<Record<string, unknown>>;
type CheckedRole = Exclude<Role, 'attach'>;

class UnhealthyError extends TurntableError<'UNHEALTHY'> {
  constructor(message: string, options?: { cause?: unknown }) {
    super('UNHEALTHY', message, options);
  }
}

/** A process that is well answers in a few milliseconds. */
const ANSWER_TIMEOUT_MS = 3_000;
const LOOK_EVERY_MS = 50;

/**
 * @param flags the role's own settings, so that the same environment serves the process and its check
 * @throws UnhealthyError, TurntableError `UNREACHABLE` when nobody answers
 */
export async function checkHealth(role: CheckedRole, flags: Flags): Promise<void> {
  process.stdout.write(`${await stateOf(role, flags)}\n`);
}

function stateOf(role: CheckedRole, flags: Flags): Promise<string> {
  switch (role) {
    case 'serve':
    case 'gateway':
      return gatewayState(loadConfig(role, flags, process.env));
    case 'worker':
      return workerState(loadConfig(role, flags, process.env));
    case 'controller':
      return controllerState(flags);
  }
}

/** Whether it has workers to send requests to is not its own state: that is /v2/health/ready. */
async function gatewayState({ host, port }: Place): Promise<string> {
  const url = tcpEndpoint(reachable(host), knownPort(port)).replace('turntable:', 'http:');
  await ask(url, '/v2/health/live', undefined, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
  return `the gateway at ${url} is live`;
}

/** A worker listens when its model is loaded and warm, whether it can tell the table or not. */
async function workerState({ host, port }: Place): Promise<string> {
  const endpoint = tcpEndpoint(reachable(host), knownPort(port));
  try {
    const id_worker = await askWorkerId(endpoint, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    return `worker ${id_worker} answers at ${endpoint}`;
  } catch (error) {
    const { message } = error as Error;
    throw new UnhealthyError(`no worker answers at ${endpoint}: ${message}`, { cause: error });
  }
}

/** A controller listens nowhere: that it is well shows by the signs of life that it gives in the table. */
async function controllerState(flags: Flags): Promise<string> {
  const config = loadConfig('controller', flags, process.env);
  requireSharedTable('controller', config);
  const log = createLogger({ TURNTABLE_LOG_LEVEL: 'silent' });
  try {
    const table = await openTable(config, `turntable-health-${newMemberId('ct')}`, log);
    const here = await signOfLife(table);
    await table.close();
    if (here) return `controller ${here.id_controller} ${here.acting ? 'acts' : 'stands by'}`;
  } catch (error) {
    if (!(error instanceof TurntableError && error.code === 'UNREACHABLE')) throw error;
    // It waits for the table as it should; ending it would not bring that back.
    return `nothing can be said of the controller: ${error.message}`;
  }
  throw new UnhealthyError(`no controller on ${hostname()} gives signs of life in the table`);
}

/** Controllers say twice a second that they are there; a table that was just opened has not heard them yet. */
async function signOfLife(table: ControlTable): Promise<ControllerRow | undefined> {
  const timeUp = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  for (;;) {
    const here = table.view().controllers.find(({ node }) => node === hostname());
    if (here || timeUp.aborted) return here;
    await sleep(LOOK_EVERY_MS);
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** What listens on all addresses is reached by the nearest. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function knownPort(port: number): number {
  if (port !== 0) return port;
  throw new ConfigError(
    'a port that was chosen freely cannot be asked: give it one by --port or TURNTABLE_PORT',
  );
}
