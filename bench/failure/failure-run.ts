/** What every part of a run shares. */
import type { ProxyName } from '../peers/proxies.ts';
import type { BenchRedis } from '../support/redis-server.ts';
import type { FailureOptions } from './options.ts';

export interface FailureRun {
  readonly options: FailureOptions;
  /** Those that are there. */
  readonly peers: ReadonlySet<ProxyName>;
  /** Turntable's. */
  readonly redis: BenchRedis;
  /** For files; removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}

export const WORKERS = 4;
/** Part of what four workers carry. */
export const LOAD = 0.5;
/** For compilers, connections and estimates; not measured. */
export const WARM_UP_SECONDS = 3;

/** What all workers together carry, by their service time alone. */
export function nominalPerSecond({ serviceMs }: Pick<FailureOptions, 'serviceMs'>): number {
  return (WORKERS * 1_000) / serviceMs;
}
