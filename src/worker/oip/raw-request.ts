/** A request without JSON (header length 0): the body is the one input, whose shape follows from its size. */
import type { TensorSpec } from '../../oip/tensor.ts';
import { describeShape, quote } from './describe-value.ts';
import { elementBytes } from './element-type.ts';
import { InvalidRequest } from './invalid-request.ts';
import type { ParsedInput, ParsedRequest } from './parsed-request.ts';
import { readBinary, readString } from './read-binary.ts';
import type { SignaturePlan } from './signature-plan.ts';

/**
 * As Triton defines it: one input, at most one variable dimension, batch 1 where the model batches, and every output
 * in binary. A BYTES input must come out as one element, which is the whole body without a length in front.
 */
export function parseRawRequest(body: Buffer, plan: SignaturePlan): ParsedRequest {
  const { signature } = plan;
  if (signature.inputs.length !== 1) {
    throw new InvalidRequest(
      `a raw binary request needs a model with one input; this one has ${signature.inputs.length}`,
    );
  }
  const input = parseInput(body, signature.inputs[0]!, signature.batchable);
  return { id: undefined, inputs: [input], outputs: undefined, binaryOutputs: true, timeoutUs: 0 };
}

function parseInput(body: Buffer, spec: TensorSpec, batchable: boolean): ParsedInput {
  const where = `input ${quote(spec.name)}`;
  const declared = spec.shape.map((dim, i) => (batchable && i === 0 ? 1 : dim));
  const variable = declared.indexOf(-1);
  if (variable !== declared.lastIndexOf(-1)) {
    throw new InvalidRequest(
      `${where}: a raw binary request allows one variable dimension, the model has ${describeShape(spec.shape)}`,
    );
  }
  const fixedCount = declared.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  if (spec.datatype === 'BYTES') {
    if (fixedCount !== 1) {
      throw new InvalidRequest(
        `${where}: a raw binary request carries one BYTES element, the model takes ${describeShape(spec.shape)}`,
      );
    }
    const shape = declared.map(() => 1);
    return { index: 0, shape, count: 1, data: [readString(body, 0, body.length, 0, spec)], binarySize: 0 };
  }
  const stepBytes = fixedCount * elementBytes(spec.datatype);
  const steps = body.length / stepBytes;
  if (variable === -1 ? steps !== 1 : !Number.isInteger(steps) || steps === 0) {
    throw new InvalidRequest(
      `${where}: expected ${variable === -1 ? '' : 'a multiple of '}${stepBytes} bytes ` +
        `for ${spec.datatype} of shape ${describeShape(declared)}, got ${body.length}`,
    );
  }
  const shape = declared.map((dim) => (dim === -1 ? steps : dim));
  const count = body.length / elementBytes(spec.datatype);
  return {
    index: 0,
    shape,
    count,
    data: readBinary(body, 0, body.length, shape, count, spec),
    binarySize: 0,
  };
}
