/** The part of a gateway's bounds that one of its threads has. */
import type { RoleConfig } from '../config/server-config.ts';

/** Those that hold for the whole process: what it may hold at once. */
const OF_THE_PROCESS = [
  'maxBufferedBytes',
  'maxInFlight',
  'maxWaiting',
  'maxWaitingBytes',
  'maxConnections',
] as const satisfies readonly (keyof RoleConfig<'gateway'>)[];

/** Each has as much as the others, rounded up, so that the process keeps its bounds whoever gets the requests. */
export function threadShare(config: RoleConfig<'gateway'>, threads: number): RoleConfig<'gateway'> {
  const share = { ...config };
  for (const key of OF_THE_PROCESS) share[key] = Math.ceil(config[key] / threads);
  return share;
}
