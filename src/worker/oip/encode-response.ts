/** Encodes a model's outputs as the body of an OIP v2 infer response. */
import type { ModelSignature, Tensor } from '../../oip/tensor.ts';
import type { InferRequest } from './decode-request.ts';
import { JsonWriter } from './json-writer.ts';
import { planOf } from './signature-plan.ts';
import { binaryBytes } from './write-binary.ts';
import { writeElements, writeShape } from './write-elements.ts';

export interface EncodedResponse {
  readonly body: Buffer;
  /** Bytes of JSON before the binary tensors; undefined: all of the body is JSON. */
  readonly jsonLength: number | undefined;
}

const ID = Buffer.from(',"id":');
const OUTPUTS = Buffer.from(',"outputs":[');
const COMMA = Buffer.from(',');
const DATA = Buffer.from('],"data":[');
const DATA_END = Buffer.from(']}');
const END = Buffer.from(']}');

// Encoding never waits, so that one writer serves all responses of the process.
const writer = new JsonWriter();

/**
 * Encodes the outputs that `request` wants, in its order, each as JSON or as binary data behind the JSON.
 * `outputs` is indexed as signature.outputs; entries that are not requested may be missing.
 * Throws NotRepresentable if an output that goes out as JSON holds NaN or an infinity.
 */
export function encodeResponse(
  request: InferRequest,
  outputs: readonly Tensor[],
  signature: ModelSignature,
  model: { name: string; version: string },
): EncodedResponse {
  const plan = planOf(signature);
  const binaries: Buffer[] = [];
  let binaryLength = 0;
  writer.begin();
  writer.writeBytes(headOf(model));
  if (request.id !== undefined) {
    writer.writeBytes(ID);
    writer.writeString(request.id);
  }
  writer.writeBytes(OUTPUTS);
  for (let i = 0; i < request.outputs.length; i++) {
    const { index, binary } = request.outputs[i]!;
    const { spec, responseHead } = plan.outputs[index]!;
    const output = outputs[index];
    if (output === undefined) throw new TypeError(`the model gave no output ${JSON.stringify(spec.name)}`);
    if (i > 0) writer.writeBytes(COMMA);
    writer.writeBytes(responseHead);
    writeShape(writer, output.shape);
    if (binary) {
      const bytes = binaryBytes(output.data);
      binaries.push(bytes);
      binaryLength += bytes.length;
      writer.writeText(`],"parameters":{"binary_data_size":${bytes.length}}}`);
    } else {
      writer.writeBytes(DATA);
      writeElements(writer, output.data, spec);
      writer.writeBytes(DATA_END);
    }
  }
  writer.writeBytes(END);
  const body = writer.finish(binaryLength);
  if (binaries.length === 0) return { body, jsonLength: undefined };
  const jsonLength = writer.at;
  let at = jsonLength;
  for (const bytes of binaries) at += bytes.copy(body, at);
  return { body, jsonLength };
}

let lastModel: { name: string; version: string; head: Buffer } | undefined;

/** The beginning of the response; a worker serves one version of one model, so the last one is nearly always right. */
function headOf({ name, version }: { name: string; version: string }): Buffer {
  if (lastModel?.name !== name || lastModel.version !== version) {
    const head = `{"model_name":${JSON.stringify(name)},"model_version":${JSON.stringify(version)}`;
    lastModel = { name, version, head: Buffer.from(head) };
  }
  return lastModel.head;
}
