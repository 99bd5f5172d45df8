/** What every part of a run shares: the options, the inputs, a place for files, and the way to say how it goes. */
import type { Tool } from '../support/debian-tools.ts';
import type { ControlCostOptions } from './options.ts';

export const MODEL = 'fraud';

export interface CostRun {
  readonly options: ControlCostOptions;
  /** The programs that are there. */
  readonly tools: ReadonlySet<Tool>;
  /** Removed at the end. */
  readonly directory: string;
  /** Request bodies of 2 KB, one a line. */
  readonly bodies: readonly string[];
  readonly bodiesFile: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}
