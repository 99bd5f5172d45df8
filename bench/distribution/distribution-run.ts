/** What every part of a run shares. */
import type { DistributionOptions } from './options.ts';

export interface DistributionRun {
  /** With the systems that are there. */
  readonly options: DistributionOptions;
  /** Removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}
