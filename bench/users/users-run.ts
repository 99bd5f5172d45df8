/** What every part of a run shares. */
import type { Bodies, Series } from './bodies.ts';
import type { UsersOptions } from './options.ts';

export interface UsersRun {
  /** With the systems that are there. */
  readonly options: UsersOptions;
  readonly bodies: Readonly<Record<Series, Bodies>>;
  /** One body a line. */
  readonly bodiesFiles: Readonly<Record<Series, string>>;
  /** Removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}
