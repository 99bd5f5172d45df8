/** What can be worked out once per signature, so that no request pays for it: names as JSON bytes, indices by name. */
import type { ModelSignature, TensorSpec } from '../../oip/tensor.ts';

export interface TensorPlan {
  readonly index: number;
  readonly spec: TensorSpec;
  /** The name as the bytes of a JSON string, quotes included. */
  readonly nameJson: Buffer;
  readonly datatypeJson: Buffer;
  /** What a response says of the tensor before the dimensions of its shape. */
  readonly responseHead: Buffer;
}

export interface SignaturePlan {
  readonly signature: ModelSignature;
  readonly inputs: readonly TensorPlan[];
  readonly outputs: readonly TensorPlan[];
  readonly inputByName: ReadonlyMap<string, TensorPlan>;
  readonly outputByName: ReadonlyMap<string, TensorPlan>;
}

const plans = new WeakMap<ModelSignature, SignaturePlan>();

/** The plan of a signature, which must not change once it has been used. */
export function planOf(signature: ModelSignature): SignaturePlan {
  let plan = plans.get(signature);
  if (plan === undefined) {
    plan = makePlan(signature);
    plans.set(signature, plan);
  }
  return plan;
}

function makePlan(signature: ModelSignature): SignaturePlan {
  const inputs = signature.inputs.map(planTensor);
  const outputs = signature.outputs.map(planTensor);
  return {
    signature,
    inputs,
    outputs,
    inputByName: new Map(inputs.map((input) => [input.spec.name, input])),
    outputByName: new Map(outputs.map((output) => [output.spec.name, output])),
  };
}

function planTensor(spec: TensorSpec, index: number): TensorPlan {
  const name = JSON.stringify(spec.name);
  const datatype = JSON.stringify(spec.datatype);
  return {
    index,
    spec,
    nameJson: Buffer.from(name),
    datatypeJson: Buffer.from(datatype),
    responseHead: Buffer.from(`{"name":${name},"datatype":${datatype},"shape":[`),
  };
}
