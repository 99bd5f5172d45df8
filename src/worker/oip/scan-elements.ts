/** Scans a tensor's data array, flat or nested exactly as its shape, from JSON bytes into elements. */
import type { Datatype, TensorData } from '../../oip/tensor.ts';
import { allocateElements, halfFloats } from './element-type.ts';
import type { JsonCursor } from './json-cursor.ts';
import { BIG_INTEGER_RANGE, FLOAT_LIMIT, INTEGER_RANGE, isBigInteger, isFloat } from './number-range.ts';
import { scanFloats } from './scan-floats.ts';
import { scanBigIntegers, scanIntegers } from './scan-integers.ts';

const COMMA = 44;
const OPEN = 91;
const CLOSE = 93;
/** Cutting strings out one by one is slower than JSON.parse when they are many. */
const MOST_STRINGS = 32;

/** Scans elements [from, to) separated by commas; false if something there is not known to be right. */
type ScanRun = (from: number, to: number) => boolean;

/** The data at the cursor, or undefined if any of it is not known to be right. */
export function scanElements(
  cursor: JsonCursor,
  datatype: Datatype,
  shape: readonly number[],
  count: number,
): TensorData | undefined {
  // An element takes a digit and a comma at least: a shape that claims more must not make us allocate it.
  if (count > (cursor.bytes.length - cursor.at + 1) / 2) return undefined;
  if (datatype === 'BYTES' && count > MOST_STRINGS) return undefined;
  const data = datatype === 'BYTES' ? new Array<string>(count) : allocateElements(datatype, count);
  const scanRun = scannerOf(cursor, datatype, data);
  if (!cursor.take(OPEN)) return undefined;
  const isNested = shape.length > 1 && cursor.next() === OPEN;
  const isRight = isNested ? scanNested(cursor, shape, 0, 0, count, scanRun) : scanRun(0, count);
  return isRight && cursor.take(CLOSE) ? data : undefined;
}

/** What lies within one opened bracket at `depth`: elements [from, to). */
function scanNested(
  cursor: JsonCursor,
  shape: readonly number[],
  depth: number,
  from: number,
  to: number,
  scanRun: ScanRun,
): boolean {
  if (depth === shape.length - 1) return scanRun(from, to);
  const step = (to - from) / shape[depth]!;
  for (let at = from; at < to; at += step) {
    if (at > from && !cursor.take(COMMA)) return false;
    if (!cursor.take(OPEN)) return false;
    if (!scanNested(cursor, shape, depth + 1, at, at + step, scanRun)) return false;
    if (!cursor.take(CLOSE)) return false;
  }
  return true;
}

function scannerOf(cursor: JsonCursor, datatype: Datatype, data: TensorData): ScanRun {
  if (isFloat(datatype)) {
    const floats =
      datatype === 'FP16' ? halfFloats(data as Uint16Array) : (data as Float32Array | Float64Array);
    const limit = FLOAT_LIMIT[datatype];
    return (from, to) => scanFloats(cursor, floats, from, to, limit);
  }
  if (isBigInteger(datatype)) {
    const range = BIG_INTEGER_RANGE[datatype];
    return (from, to) => scanBigIntegers(cursor, data as BigInt64Array, from, to, range);
  }
  if (datatype === 'BYTES') return (from, to) => scanStrings(cursor, data as string[], from, to);
  if (datatype === 'BOOL') return (from, to) => scanBools(cursor, data as Uint8Array, from, to);
  const range = INTEGER_RANGE[datatype];
  return (from, to) => scanIntegers(cursor, data as Int32Array, from, to, range);
}

function scanStrings(cursor: JsonCursor, data: string[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (i > from && !cursor.take(COMMA)) return false;
    const text = cursor.takePlainString();
    if (text === undefined) return false;
    data[i] = text;
  }
  return true;
}

function scanBools(cursor: JsonCursor, data: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (i > from && !cursor.take(COMMA)) return false;
    const value = cursor.takeBool();
    if (value === undefined) return false;
    data[i] = value ? 1 : 0;
  }
  return true;
}
