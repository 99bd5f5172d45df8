/** What every part of a run shares. */
import type { BatchOptions } from './options.ts';

export interface BatchRun {
  readonly options: BatchOptions;
  /** For files; removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}

/** Nothing is refused only because it waits: 100 at once wait for seconds where a network runs. */
export const PATIENT = ['--max-wait-ms', '110000', '--request-timeout-ms', '120000'];
