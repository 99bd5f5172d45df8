/** Reads the input and output sections of a Triton configuration as tensor specs. */
import { DATATYPES, type Datatype, type TensorSpec } from '../oip/tensor.ts';
import { quote } from './config-fault.ts';
import type { Refuse } from './triton-refusals.ts';
import type { TritonModelConfig } from './triton-schema.ts';

/** Shapes get the batch dimension in front where there is one, since Triton's dims leave it out then. */
export function readTensors(
  model: TritonModelConfig,
  section: 'input' | 'output',
  refuse: Refuse,
): TensorSpec[] {
  const batchDimension = (model.max_batch_size ?? 0) > 0 ? [-1] : [];
  const indexByName = new Map<string, number>();
  return model[section].map((tensor, index) => {
    const path = `${section}[${index}]`;
    const name = tensor.name ?? '';
    if (name === '') refuse(`${path}.name`, 'is missing');
    const earlier = indexByName.get(name);
    if (earlier !== undefined)
      refuse(`${path}.name`, `${quote(name)} is already the name of ${section}[${earlier}]`);
    else if (name !== '') indexByName.set(name, index);

    if (
      'format' in tensor &&
      tensor.format !== undefined &&
      tensor.format !== 'FORMAT_NONE' &&
      tensor.dims.length !== 3
    ) {
      refuse(`${path}.format`, `${tensor.format} needs three dims, but there are ${tensor.dims.length}`);
    }
    const datatype = readDatatype(tensor.data_type, `${path}.data_type`, refuse);
    return { name, datatype, shape: [...batchDimension, ...readDims(tensor.dims, `${path}.dims`, refuse)] };
  });
}

function readDatatype(written: string | undefined, path: string, refuse: Refuse): Datatype {
  if (written === undefined || written === 'TYPE_INVALID') {
    refuse(path, 'is missing');
    return 'FP32';
  }
  const wanted = written === 'TYPE_STRING' ? 'BYTES' : written.slice('TYPE_'.length);
  const datatype = DATATYPES.find((known) => known === wanted);
  if (datatype === undefined) refuse(path, `${written} is not supported`);
  return datatype ?? 'FP32';
}

function readDims(dims: readonly bigint[], path: string, refuse: Refuse): number[] {
  if (dims.length === 0) refuse(path, 'is missing');
  return dims.map((dim, index) => {
    if (dim !== -1n && dim < 1n) refuse(`${path}[${index}]`, `must be -1 (any) or at least 1, not ${dim}`);
    if (dim > Number.MAX_SAFE_INTEGER) refuse(`${path}[${index}]`, `${dim} is too large`);
    return Number(dim);
  });
}
