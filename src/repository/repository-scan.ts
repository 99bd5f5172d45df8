/** What reading a model repository finds: versions to be served, and problems to be shown. */
import type { ModelConfig } from '../config/model-config.ts';

/** One version of one model that is to be served. */
export interface ModelVersion {
  readonly idModel: string;
  /** A positive decimal integer without leading zeros, e.g. "1". */
  readonly version: string;
  /** Absolute path of the ONNX file. It exists and is readable; nothing has looked inside it. */
  readonly modelPath: string;
  /** Triton's name for what runs it. */
  readonly platform: 'onnxruntime_onnx';
  readonly config: ModelConfig;
}

/** Why a model, or one version of it, is not served. */
export interface RepositoryProblem {
  readonly idModel: string;
  /** Absent when the whole model is affected. */
  readonly version?: string;
  /** Names the file relative to the repository and, where there is one, the line and the field. */
  readonly message: string;
}

/** Both lists are sorted by model name, then by version as a number. */
export interface RepositoryScan {
  readonly versions: readonly ModelVersion[];
  readonly problems: readonly RepositoryProblem[];
}
