/** What all measurements of one run of the scaling benchmark share. */
import type { LoadSample } from '../support/measure-load.ts';
import type { ModelName, ScalingOptions } from './options.ts';

export interface ScalingRun {
  readonly options: ScalingOptions;
  readonly directory: string;
  /** One request body a line. */
  readonly bodiesFiles: Readonly<Record<ModelName, string>>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface ScalingSample extends LoadSample {
  readonly model: ModelName;
  readonly workers: number;
  /** Of the gateway. */
  readonly threads: number;
  /** Cores that the gateway's process kept busy, all its threads together. */
  readonly gateway_cores: number;
}
