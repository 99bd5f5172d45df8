/** What every part of a run shares. */
import type { ServersOptions } from './options.ts';

/** That infer: of Turntable, and of each peer. */
export const WORKERS = 2;

export interface ServersRun {
  readonly options: ServersOptions;
  readonly bodies: readonly string[];
  /** The same, one a line. */
  readonly bodiesFile: string;
  /** Removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}
