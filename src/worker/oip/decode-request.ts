/** Decodes the body of an OIP v2 infer request into typed tensors in the order of the model's signature. */
import type { ModelSignature, Tensor, TensorSpec } from '../../oip/tensor.ts';
import { quote } from './describe-value.ts';
import { InvalidRequest } from './invalid-request.ts';
import { parseRequest } from './parse-request.ts';
import type { ParsedRequest } from './parsed-request.ts';
import { parseRawRequest } from './raw-request.ts';
import { readBinary } from './read-binary.ts';
import { scanRequest } from './scan-request.ts';
import { planOf, type SignaturePlan } from './signature-plan.ts';

export interface RequestedOutput {
  /** Into signature.outputs. */
  readonly index: number;
  readonly binary: boolean;
}

export interface InferRequest {
  readonly id: string | undefined;
  /** Dimension 0 of every input where the model is batchable, otherwise 1. */
  readonly rows: number;
  /** In the order of signature.inputs. Their data may share the body's memory. */
  readonly inputs: readonly Tensor[];
  /** In the order of the request; all, in the order of the signature, where it names none. */
  readonly outputs: readonly RequestedOutput[];
  /** Time from the arrival of the request in which it is of use, microseconds; 0 is without end. */
  readonly timeoutUs: number;
}

/**
 * Decodes `body`, of which the first `jsonLength` bytes are JSON and the rest are binary tensors; undefined: all of it
 * is JSON; 0: all of it is one raw tensor. Throws InvalidRequest and nothing else.
 *
 * A scanner takes the requests that clients usually send, straight from bytes to elements. Whatever it does not know it
 * leaves to the general parser, which accepts the same language and explains what is wrong.
 */
export function decodeRequest(
  body: Buffer,
  jsonLength: number | undefined,
  signature: ModelSignature,
): InferRequest {
  const plan = planOf(signature);
  if (jsonLength === 0) return assemble(parseRawRequest(body, plan), body, body.length, plan);
  const jsonEnd = jsonLength ?? body.length;
  if (!Number.isSafeInteger(jsonEnd) || jsonEnd < 0 || jsonEnd > body.length) {
    throw new InvalidRequest(`the JSON is said to take ${jsonEnd} bytes, the body has ${body.length}`);
  }
  const parsed = scanRequest(body, jsonEnd, plan) ?? parseRequest(body.subarray(0, jsonEnd), plan);
  return assemble(parsed, body, jsonEnd, plan);
}

/** Checks what concerns the tensors together and reads those that lie behind the JSON. */
function assemble(parsed: ParsedRequest, body: Buffer, jsonEnd: number, plan: SignaturePlan): InferRequest {
  const { inputs: specs, batchable } = plan.signature;
  const tensors = new Array<Tensor | undefined>(specs.length).fill(undefined);
  let rows = 0;
  let at = jsonEnd;
  for (const { index, shape, count, data, binarySize } of parsed.inputs) {
    const spec = specs[index]!;
    if (tensors[index] !== undefined) throw new InvalidRequest(`input ${quote(spec.name)} is given twice`);
    if (binarySize > body.length - at) {
      throw new InvalidRequest(
        `input ${quote(spec.name)}: binary_data_size is ${binarySize}, but ${body.length - at} bytes are left for it`,
      );
    }
    const elements = data ?? readBinary(body, at, binarySize, shape, count, spec);
    if (Array.isArray(elements)) refuseNul(elements, spec);
    tensors[index] = { shape, data: elements };
    at += binarySize;
    if (!batchable) continue;
    if (rows !== 0 && shape[0] !== rows) {
      throw new InvalidRequest(
        `input ${quote(spec.name)}: expected ${rows} rows as in the inputs before it, got ${shape[0]}`,
      );
    }
    rows = shape[0]!;
  }
  if (parsed.inputs.length < specs.length) {
    const missing = specs.filter((_, i) => tensors[i] === undefined).map(({ name }) => quote(name));
    const listed =
      missing.slice(0, 8).join(', ') + (missing.length > 8 ? `, … (${missing.length} in all)` : '');
    throw new InvalidRequest(`the request lacks input ${listed}`);
  }
  if (at !== body.length) {
    const got = `${body.length - jsonEnd} bytes follow the JSON`;
    throw new InvalidRequest(`the inputs' binary_data_size adds up to ${at - jsonEnd}, but ${got}`);
  }
  return {
    id: parsed.id,
    rows: batchable ? rows : 1,
    inputs: tensors as Tensor[],
    outputs: requestedOutputs(parsed, plan),
    timeoutUs: parsed.timeoutUs,
  };
}

/** ONNX Runtime for Node ends a string at its first NUL: the model would see another text than was sent. */
function refuseNul(strings: readonly string[], { name }: TensorSpec): void {
  const at = strings.findIndex((text) => text.includes('\0'));
  if (at >= 0) throw new InvalidRequest(`input ${quote(name)}: element ${at} must be a string without NUL`);
}

function requestedOutputs({ outputs, binaryOutputs }: ParsedRequest, plan: SignaturePlan): RequestedOutput[] {
  if (outputs === undefined || outputs.length === 0) {
    return plan.outputs.map(({ index }) => ({ index, binary: binaryOutputs }));
  }
  const seen = new Set<number>();
  return outputs.map(({ index, binary }) => {
    const { name } = plan.signature.outputs[index]!;
    if (seen.has(index)) throw new InvalidRequest(`output ${quote(name)} is requested twice`);
    seen.add(index);
    return { index, binary: binary ?? binaryOutputs };
  });
}
