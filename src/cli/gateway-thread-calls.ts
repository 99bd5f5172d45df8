/** What the main thread and the threads that are gateways say to each other, beside what they say of the table. */
import type { MessagePort } from 'node:worker_threads';
import type { RoleConfig } from '../config/server-config.ts';
import type { GatewayCounts } from '../gateway/counts.ts';

export interface GatewayThreadStart {
  readonly id_gateway: string;
  readonly config: RoleConfig<'gateway'>;
  readonly tablePort: MessagePort;
  readonly mainPort: MessagePort;
}

/** Asked of a gateway's thread. */
export interface GatewayThreadOperations {
  /** Resolves to the port. @throws the listening error */
  listen(port: number, host: string): Promise<number>;
  /** What it has counted by itself. */
  counts(): Promise<GatewayCounts>;
  /** Accepts no new connections. */
  stopListening(limitMs: number): Promise<void>;
  /** Finishes what is under way, accepting nothing new. */
  close(limitMs: number): Promise<void>;
}

/** Asked of the main thread. */
export interface MainOperations {
  /** @throws when one of them does not say so in time */
  countsOfOthers(): Promise<readonly GatewayCounts[]>;
}
