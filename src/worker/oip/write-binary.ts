/** Writes output tensors for the binary tensor data extension: the counterpart of read-binary. */
import type { TensorData } from '../../oip/tensor.ts';

const LENGTH_BYTES = 4;

/** The tensor's bytes, for all but strings a view of its own memory. */
export function binaryBytes(data: TensorData): Buffer {
  return Array.isArray(data) ? stringBytes(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function stringBytes(strings: readonly string[]): Buffer {
  let total = 0;
  for (const text of strings) total += LENGTH_BYTES + Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const text of strings) {
    const length = bytes.write(text, at + LENGTH_BYTES);
    bytes.writeUInt32LE(length, at);
    at += LENGTH_BYTES + length;
  }
  return bytes;
}
