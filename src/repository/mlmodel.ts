/**
 * Reads an MLflow `MLmodel` file: which ONNX file it means, and with how many threads to run it.
 *
 * Source: `mlflow.onnx.save_model` of MLflow 3. Fields outside of `flavors.onnx` are accepted unread: MLflow
 * adds to this metadata with most releases, and none of it says how to run an ONNX file. Within `flavors.onnx`
 * an unknown field is a fault, for it may. Accepted and unused there are `providers` (MLflow lists CUDA by
 * default and means "if it is there"; this server has the CPU), `code` and `extra_files` (for Python), and all
 * session options but `intra_op_num_threads`, which only tune.
 */
import { z } from 'zod';
import { type ConfigFault, MAX_FAULTS, printable, quote } from './config-fault.ts';
import { pathFault } from './names.ts';
import { readYaml } from './yaml-document.ts';

export interface MlModel {
  /** Relative to the directory of the MLmodel file. */
  readonly modelFilename: string;
  readonly intraOpThreads?: number;
}

const MAX_THREADS = 1024;

const accepted = z.unknown().optional();

const SESSION_OPTIONS = z.strictObject({
  intra_op_num_threads: z.int().min(0).max(MAX_THREADS).nullish(),
  inter_op_num_threads: accepted,
  execution_mode: accepted,
  execution_order: accepted,
  graph_optimization_level: accepted,
  extra_session_config: accepted,
  enable_cpu_mem_arena: accepted,
  enable_mem_pattern: accepted,
  enable_mem_reuse: accepted,
  enable_profiling: accepted,
  log_severity_level: accepted,
  log_verbosity_level: accepted,
  logid: accepted,
  optimized_model_filepath: accepted,
  profile_file_prefix: accepted,
  use_deterministic_compute: accepted,
  use_per_session_threads: accepted,
});

const ONNX_FLAVOR = z.strictObject({
  data: z
    .string()
    .superRefine((path, context) => {
      const fault = pathFault(path);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: `${quote(path)} ${fault}` });
    })
    .default('model.onnx'),
  onnx_session_options: SESSION_OPTIONS.nullish(),
  // A version such as 1.20 is a number to YAML.
  onnx_version: z.union([z.string(), z.number()]).nullish(),
  providers: z.array(z.unknown()).nullish(),
  code: z.string().nullish(),
  extra_files: z.array(z.unknown()).nullish(),
  save_as_external_data: z.boolean().nullish(),
});

/** Never throws. */
export function readMlModel(text: string): MlModel | { readonly faults: readonly ConfigFault[] } {
  const document = readYaml(text);
  if ('fault' in document) return { faults: [document.fault] };
  const fault = (path: readonly PropertyKey[], message: string): ConfigFault => ({
    line: document.lineOf(path),
    field: fieldName(path),
    message,
  });

  const flavors = z.object({ flavors: z.record(z.string(), z.unknown()) }).safeParse(document.value)
    .data?.flavors;
  if (flavors === undefined) return { faults: [fault(['flavors'], 'is missing, or not a mapping')] };
  if (!Object.hasOwn(flavors, 'onnx')) {
    const names = printable(Object.keys(flavors).join(', ')) || 'nothing';
    return {
      faults: [fault(['flavors'], `has no onnx, only ${names}; save the model with mlflow.onnx`)],
    };
  }
  const onnx = ONNX_FLAVOR.safeParse(flavors.onnx);
  if (!onnx.success) {
    const faults = onnx.error.issues.flatMap((issue) => {
      const path = ['flavors', 'onnx', ...issue.path];
      if (issue.code !== 'unrecognized_keys') return [fault(path, issue.message)];
      return issue.keys.map((key) =>
        fault([...path, key], 'there is no such field in the onnx flavour of MLflow'),
      );
    });
    return { faults: faults.slice(0, MAX_FAULTS) };
  }
  const intraOpThreads = onnx.data.onnx_session_options?.intra_op_num_threads ?? undefined;
  return { modelFilename: onnx.data.data, ...(intraOpThreads !== undefined && { intraOpThreads }) };
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.map((segment) => printable(String(segment))).join('.');
}
