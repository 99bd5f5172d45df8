/** What every part of a run shares: the options, the inputs, a place for files, and the way to say how it goes. */
import type { TableOptions } from './options.ts';

export const MODEL = 'fraud';

export interface TableRun {
  readonly options: TableOptions;
  /** Removed at the end. */
  readonly directory: string;
  /** Request bodies, one a line. */
  readonly bodies: readonly string[];
  readonly bodiesFile: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}
