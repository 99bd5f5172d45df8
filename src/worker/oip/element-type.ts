/** How the elements of each datatype lie in memory: bytes per element, and typed arrays over given or new bytes. */
import type { Datatype, TensorData } from '../../oip/tensor.ts';

/** Every datatype but BYTES, whose elements vary in size. */
export type FixedDatatype = Exclude<Datatype, 'BYTES'>;
export type FixedData = Exclude<TensorData, string[]>;

const ARRAYS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

export function elementBytes(datatype: FixedDatatype): number {
  return ARRAYS[datatype].BYTES_PER_ELEMENT;
}

/** The `count` elements that begin at `byteOffset` of `memory`, which must be aligned to the element. */
export function viewElements(
  datatype: FixedDatatype,
  memory: ArrayBufferLike,
  byteOffset: number,
  count: number,
): FixedData {
  return new ARRAYS[datatype](memory as ArrayBuffer, byteOffset, count);
}

/**
 * Memory for `count` elements, which hold anything until they are written.
 * A small tensor comes from Node's buffer pool: a typed array with memory of its own costs a microsecond or two,
 * a tenth of decoding a whole request.
 */
export function allocateElements(datatype: FixedDatatype, count: number): FixedData {
  const { buffer, byteOffset } = allocateAligned(count * elementBytes(datatype));
  return viewElements(datatype, buffer, byteOffset, count);
}

/** Uninitialised bytes that any element may begin at. */
export function allocateAligned(byteLength: number): Buffer {
  const bytes = Buffer.allocUnsafe(byteLength);
  // Node aligns its pool to 8 bytes today but promises it nowhere.
  return bytes.byteOffset % 8 === 0 ? bytes : Buffer.allocUnsafeSlow(byteLength);
}

/**
 * FP16 elements as numbers. They are declared as their bits, but newer ONNX Runtimes give a Float16Array instead: the
 * memory is the same.
 */
export function halfFloats(bits: Uint16Array): Float16Array {
  return new Float16Array(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length);
}
