/** A gateway as the commands that run one have it, in one thread or in several. */
import type { RoleConfig } from '../config/server-config.ts';
import type { ControlTable } from '../table/control-table.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface GatewayStart {
  readonly id_gateway: string;
  readonly config: RoleConfig<'gateway'>;
  readonly table: ControlTable;
  readonly log: Logger;
}

export interface RunningGateway {
  /** @throws the listening error, such as EADDRINUSE; whatever kept a thread from starting */
  listen(port: number, host: string): Promise<{ readonly port: number }>;
  /** Finishes what is under way, accepting nothing new, and lets go of the workers. */
  close(limitMs: number): Promise<void>;
  /** Resolves when a part of it has died; never where a fault would end the process anyway. */
  readonly died: Promise<void>;
}
