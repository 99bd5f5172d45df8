/** Reads tensors from the binary tensor data extension: little-endian elements without padding. */
import { isUtf8 } from 'node:buffer';
import type { TensorData, TensorSpec } from '../../oip/tensor.ts';
import { describeShape, quote } from './describe-value.ts';
import { allocateAligned, elementBytes, viewElements } from './element-type.ts';
import { InvalidRequest } from './invalid-request.ts';

const LENGTH_BYTES = 4;

/**
 * The tensor in `size` bytes of `body` from `start`; the caller has checked that they lie within it.
 * Elements that are aligned stay where they are and share the body's memory, others are copied once. Every platform
 * that ONNX Runtime for Node is built for is little-endian, so bytes need no swapping.
 * Throws InvalidRequest if the bytes do not match the shape or hold what the type cannot.
 */
export function readBinary(
  body: Buffer,
  start: number,
  size: number,
  shape: readonly number[],
  count: number,
  spec: TensorSpec,
): TensorData {
  const { datatype } = spec;
  if (datatype === 'BYTES') return readStrings(body, start, size, shape, count, spec);
  const expected = count * elementBytes(datatype);
  if (size !== expected) {
    throw new InvalidRequest(
      `input ${quote(spec.name)}: shape ${describeShape(shape)} of ${datatype} takes ${expected} bytes, ` +
        `binary_data_size is ${size}`,
    );
  }
  if (datatype === 'BOOL') checkBools(body, start, size, spec);
  const byteOffset = body.byteOffset + start;
  if (byteOffset % elementBytes(datatype) === 0)
    return viewElements(datatype, body.buffer, byteOffset, count);
  const copy = allocateAligned(size);
  body.copy(copy, 0, start, start + size);
  return viewElements(datatype, copy.buffer, copy.byteOffset, count);
}

function checkBools(body: Buffer, start: number, size: number, spec: TensorSpec): void {
  for (let i = start; i < start + size; i++) {
    if (body[i]! > 1) {
      throw new InvalidRequest(
        `input ${quote(spec.name)}: element ${i - start} must be 0 or 1 for BOOL, got ${body[i]}`,
      );
    }
  }
}

function readStrings(
  body: Buffer,
  start: number,
  size: number,
  shape: readonly number[],
  count: number,
  spec: TensorSpec,
): string[] {
  const mismatch = (got: string) =>
    new InvalidRequest(
      `input ${quote(spec.name)}: shape ${describeShape(shape)} takes ${count} BYTES elements, ` +
        `each a 4-byte length and that many bytes; in ${size} bytes there are ${got}`,
    );
  // Checked before the array is made, lest a small body claim a large one.
  if (count * LENGTH_BYTES > size) throw mismatch('fewer');
  const strings = new Array<string>(count);
  const end = start + size;
  let at = start;
  for (let i = 0; i < count; i++) {
    if (end - at < LENGTH_BYTES) throw mismatch(`only ${i}`);
    const length = body.readUInt32LE(at);
    at += LENGTH_BYTES;
    if (length > end - at) throw mismatch(`only ${i}, the next one claims ${length} bytes`);
    strings[i] = readString(body, at, at + length, i, spec);
    at += length;
  }
  if (at !== end) throw mismatch(`${end - at} bytes more`);
  return strings;
}

/** The UTF-8 text in `body` from `start` to `end`, element `index` of its tensor. */
export function readString(
  body: Buffer,
  start: number,
  end: number,
  index: number,
  spec: TensorSpec,
): string {
  const text = body.toString('utf8', start, end);
  // Decoding writes U+FFFD for what is not UTF-8, so only a text with one needs the second look.
  if (text.includes('\uFFFD') && !isUtf8(body.subarray(start, end))) {
    throw new InvalidRequest(`input ${quote(spec.name)}: element ${index} must be valid UTF-8`);
  }
  return text;
}
