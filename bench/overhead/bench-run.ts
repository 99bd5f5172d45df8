/** What every part of a run shares: the options, the inputs, a place for files, and the way to say how it goes. */
import type { OverheadOptions } from './options.ts';

export interface BenchRun {
  readonly options: OverheadOptions;
  /** Removed at the end. */
  readonly directory: string;
  readonly fraudModel: string;
  /** Request bodies, one a line. */
  readonly bodies: readonly string[];
  readonly bodiesFile: string;
  /** The rows of all bodies as raw float32. */
  readonly rowsFile: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}
