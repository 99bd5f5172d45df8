/** Requests to the networks: one image each, as a binary tensor (OIP v2, binary tensor data). */
import { seededRandom } from '../support/random.ts';

const SEED = 224;

/** What goes over HTTP, beside length and host. */
export interface BinaryRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Asks for binary outputs, as a client that sends binary inputs would. Rows are the first of the shape. */
export function binaryRequest(name: string, shape: readonly number[], data: Float32Array): BinaryRequest {
  const inputs = [{ name, shape, datatype: 'FP32', parameters: { binary_data_size: data.byteLength } }];
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.length),
    },
    body: Buffer.concat([json, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]),
  };
}

/** Pixels as they are after the usual preparation: about -2 to 2. FP32 [count, 3, imageSize, imageSize]. */
export function randomImages(count: number, imageSize: number): Float32Array<ArrayBuffer> {
  const random = seededRandom(SEED);
  return Float32Array.from({ length: count * 3 * imageSize * imageSize }, () => random() * 4 - 2);
}

/** Of these images, one in each request. */
export function imageRequests(images: Float32Array, imageSize: number): BinaryRequest[] {
  const perImage = 3 * imageSize * imageSize;
  return Array.from({ length: images.length / perImage }, (_, index) => {
    const pixels = images.subarray(index * perImage, (index + 1) * perImage);
    return binaryRequest('data', [1, 3, imageSize, imageSize], pixels);
  });
}
