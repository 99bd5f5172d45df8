/** What every part of a run shares. */
import type { LimitOptions } from './options.ts';

export interface LimitRun {
  readonly options: LimitOptions;
  /** As the machine has; ONNX Runtime alone has a process on each. */
  readonly cores: number;
  /** For files; removed at the end. */
  readonly directory: string;
  /** One line of progress. */
  say(line: string): void;
  readonly signal: AbortSignal;
}
