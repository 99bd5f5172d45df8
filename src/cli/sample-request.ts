/** A request that a model accepts, made from its signature alone. */
import { elementCount, type ModelSignature, type TensorSpec } from '../oip/tensor.ts';

export function sampleRequest(signature: ModelSignature): object {
  return { inputs: signature.inputs.map(sampleInput) };
}

function sampleInput(spec: TensorSpec): object {
  const shape = spec.shape.map((dimension) => (dimension < 0 ? 1 : dimension));
  const { name, datatype } = spec;
  return {
    name,
    shape,
    datatype,
    data: Array.from({ length: elementCount(shape) }, () => sampleElement(spec)),
  };
}

function sampleElement({ datatype }: TensorSpec): unknown {
  switch (datatype) {
    case 'BYTES':
      return '';
    case 'BOOL':
      return false;
    default:
      return 0;
  }
}
