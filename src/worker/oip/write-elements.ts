/** Writes the elements of an output tensor as a flat JSON list. */
import type { TensorData, TensorSpec } from '../../oip/tensor.ts';
import { halfFloats } from './element-type.ts';
import type { JsonWriter } from './json-writer.ts';
import { NotRepresentable } from './not-representable.ts';
import { isFloat } from './number-range.ts';
import { MOST_NUMBER_BYTES, writeAscii, writeFloat32, writeFloat64, writeInteger } from './write-number.ts';

const COMMA = 44;
const TWO_32 = 2 ** 32;
/** Elements between two looks at the room that is left. */
const RUN = 256;

type WriteElement = (bytes: Uint8Array, at: number, index: number) => number;

/** Writes the elements with commas between; throws NotRepresentable at a float that is not finite. */
export function writeElements(writer: JsonWriter, data: TensorData, spec: TensorSpec): void {
  const { datatype, name } = spec;
  if (datatype === 'BYTES') {
    const json = JSON.stringify(data);
    writer.writeText(json.slice(1, -1));
  } else if (datatype === 'FP64') {
    writeRuns(writer, data.length, floatWriter(data as Float64Array, writeFloat64, name));
  } else if (isFloat(datatype)) {
    const floats = datatype === 'FP16' ? halfFloats(data as Uint16Array) : (data as Float32Array);
    writeRuns(writer, data.length, floatWriter(floats, writeFloat32, name));
  } else if (datatype === 'INT64' || datatype === 'UINT64') {
    writeRuns(
      writer,
      data.length,
      bigIntegerWriter(data as BigInt64Array | BigUint64Array, datatype === 'INT64'),
    );
  } else if (datatype === 'BOOL') {
    const bools = data as Uint8Array;
    writeRuns(writer, data.length, (bytes, at, i) =>
      writeAscii(bytes, at, bools[i] === 0 ? 'false' : 'true'),
    );
  } else {
    const integers = data as Int32Array;
    writeRuns(writer, data.length, (bytes, at, i) => writeInteger(bytes, at, integers[i]!));
  }
}

/** Writes the dimensions with commas between. */
export function writeShape(writer: JsonWriter, shape: readonly number[]): void {
  writeRuns(writer, shape.length, (bytes, at, i) => writeInteger(bytes, at, shape[i]!));
}

function writeRuns(writer: JsonWriter, length: number, writeElement: WriteElement): void {
  for (let from = 0; from < length; from += RUN) {
    writer.reserve(RUN * (MOST_NUMBER_BYTES + 1));
    const { bytes } = writer;
    let { at } = writer;
    const to = Math.min(from + RUN, length);
    for (let i = from; i < to; i++) {
      if (i > 0) bytes[at++] = COMMA;
      at = writeElement(bytes, at, i);
    }
    writer.at = at;
  }
}

function floatWriter(
  floats: Float16Array | Float32Array | Float64Array,
  write: (bytes: Uint8Array, at: number, value: number) => number,
  name: string,
): WriteElement {
  return (bytes, at, i) => {
    const value = floats[i]!;
    if (!Number.isFinite(value)) throw new NotRepresentable(name, value);
    return write(bytes, at, value);
  };
}

/** Reads the two words of an element, since reading a BigInt allocates one; most values fit a number anyway. */
function bigIntegerWriter(integers: BigInt64Array | BigUint64Array, isSigned: boolean): WriteElement {
  const words = new Int32Array(integers.buffer, integers.byteOffset, 2 * integers.length);
  return (bytes, at, i) => {
    const high = words[2 * i + 1]!;
    const value = (isSigned ? high : high >>> 0) * TWO_32 + (words[2 * i]! >>> 0);
    return Number.isSafeInteger(value)
      ? writeInteger(bytes, at, value)
      : writeAscii(bytes, at, String(integers[i]));
  };
}
