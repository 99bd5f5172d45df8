/** What every part of a run shares. */
import type { FaultsOptions } from './options.ts';

export interface FaultsRun {
  readonly options: FaultsOptions;
  /** For files; removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}

/** Of one and the same set. */
export const WORKERS = 4;
/** Part of what the workers carry that comes while nothing is overloaded. */
export const LOAD = 0.5;

/** What all workers together carry, by their service time alone. */
export function nominalPerSecond({ serviceMs }: FaultsOptions): number {
  return (WORKERS * 1_000) / serviceMs;
}

/** The clock that all processes of a host share: milliseconds of the epoch, with a fraction. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
