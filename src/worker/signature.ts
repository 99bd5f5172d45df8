/** What a model takes and gives, from what its file declares and what its configuration says. */
import type { ModelConfig } from '../config/model-config.ts';
import type { ModelSignature, TensorSpec } from '../oip/tensor.ts';
import { TurntableError } from '../turntable-error.ts';

/** Rows per run where the configuration does not say. Per-row cost of small models rises again above this. */
export const DEFAULT_MAX_BATCH_ROWS = 64;

class ConfigContradictsModel extends TurntableError<'CONFIG_CONTRADICTS_MODEL'> {
  constructor(message: string) {
    super('CONFIG_CONTRADICTS_MODEL', message);
  }
}

interface ModelTensors {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * The signature to serve by.
 * @throws ConfigContradictsModel when the configuration says something that the model file denies; the message
 * names file and field
 */
export function deriveSignature(model: ModelTensors, config: ModelConfig): ModelSignature {
  const source = config.source ?? 'the configuration';
  const firstDimensionVaries = model.inputs.length > 0 && model.inputs.every((spec) => spec.shape[0] === -1);
  if ((config.maxBatchSize ?? 0) > 0 && !firstDimensionVaries) {
    const fixed = model.inputs.find((spec) => spec.shape[0] !== -1);
    throw new ConfigContradictsModel(
      `${source}: max_batch_size is ${config.maxBatchSize}, but the model's input "${fixed?.name}" has the fixed shape [${fixed?.shape}]; set max_batch_size to 0`,
    );
  }
  checkDeclared(source, 'input', config.inputs, model.inputs, true);
  checkDeclared(source, 'output', config.outputs, model.outputs, false);
  // An output whose first dimension is fixed cannot be split by row.
  const outputsVary = model.outputs.every((spec) => spec.shape[0] === -1);
  const batchable =
    config.maxBatchSize === undefined ? firstDimensionVaries && outputsVary : config.maxBatchSize > 0;
  return {
    inputs: narrowed(model.inputs, config.inputs),
    outputs: narrowed(model.outputs, config.outputs),
    batchable,
  };
}

/** A configuration may fix a dimension that the model leaves variable; where it does, that is what is served. */
function narrowed(
  specs: readonly TensorSpec[],
  declared: readonly TensorSpec[] | undefined,
): readonly TensorSpec[] {
  return specs.map((spec) => declared?.find((one) => one.name === spec.name) ?? spec);
}

function checkDeclared(
  source: string,
  field: 'input' | 'output',
  declared: readonly TensorSpec[] | undefined,
  actual: readonly TensorSpec[],
  complete: boolean,
): void {
  if (!declared) return;
  for (const spec of declared) {
    const found = actual.find((one) => one.name === spec.name);
    if (!found) {
      const names = actual.map((one) => one.name).join(', ');
      throw new ConfigContradictsModel(
        `${source}: ${field} "${spec.name}" is not in the model, which has ${names}`,
      );
    }
    if (found.datatype !== spec.datatype) {
      throw new ConfigContradictsModel(
        `${source}: ${field} "${spec.name}" is ${spec.datatype} there and ${found.datatype} in the model`,
      );
    }
    if (!agrees(spec.shape, found.shape)) {
      throw new ConfigContradictsModel(
        `${source}: ${field} "${spec.name}" has shape [${spec.shape}] there and [${found.shape}] in the model`,
      );
    }
  }
  const missing = complete && actual.find((one) => !declared.some((spec) => spec.name === one.name));
  if (missing)
    throw new ConfigContradictsModel(`${source}: ${field} "${missing.name}" of the model is not declared`);
}

function agrees(declared: readonly number[], actual: readonly number[]): boolean {
  // A model may leave an output's shape open altogether.
  if (actual.length === 0) return true;
  return (
    declared.length === actual.length &&
    declared.every((dimension, i) => dimension === -1 || actual[i] === -1 || dimension === actual[i])
  );
}
