/** Turns a tensor's data out of a parsed JSON document into typed elements: flat, or nested exactly as the shape. */
import type { TensorData, TensorSpec } from '../../oip/tensor.ts';
import { describeShape, describeValue, quote } from './describe-value.ts';
import { allocateElements, halfFloats } from './element-type.ts';
import { InvalidRequest } from './invalid-request.ts';
import {
  BIG_INTEGER_RANGE,
  type BigIntegerDatatype,
  FLOAT_LIMIT,
  INTEGER_RANGE,
  isBigInteger,
  isFloat,
} from './number-range.ts';

/** `exact` gives the same data with big integers kept; it is asked only where doubles lost something. */
export function parseElements(
  data: unknown,
  exact: () => unknown,
  shape: readonly number[],
  count: number,
  spec: TensorSpec,
): TensorData {
  const rows = toRows(data, shape, count, spec);
  const { datatype } = spec;
  if (datatype === 'BYTES') return parseEach(rows, new Array<string>(count), asString, spec);
  const elements = allocateElements(datatype, count);
  if (datatype === 'BOOL') return parseEach(rows, elements as Uint8Array, asBool, spec);
  if (isFloat(datatype)) {
    const limit = FLOAT_LIMIT[datatype];
    const floats = datatype === 'FP16' ? halfFloats(elements as Uint16Array) : (elements as Float32Array);
    parseEach(rows, floats, (value) => (isWithin(value, limit) ? value : undefined), spec);
    return elements;
  }
  if (isBigInteger(datatype)) {
    const integers = rows.every(isExact) ? rows : toRows(exact(), shape, count, spec);
    const range = BIG_INTEGER_RANGE[datatype];
    return parseEach(integers, elements as BigInt64Array, (value) => asBigInteger(value, range), spec);
  }
  const [min, max] = INTEGER_RANGE[datatype];
  const inRange = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : undefined;
  return parseEach(rows, elements as Int32Array, inRange, spec);
}

/** The data as arrays that hold nothing but elements, in order and `count` in all. */
function toRows(data: unknown, shape: readonly number[], count: number, spec: TensorSpec): unknown[][] {
  if (!Array.isArray(data)) {
    throw new InvalidRequest(`input ${quote(spec.name)}: data must be an array, got ${describeValue(data)}`);
  }
  if (shape.length > 1 && Array.isArray(data[0])) {
    const rows: unknown[][] = [];
    collectRows(data, shape, 0, rows, spec);
    return rows;
  }
  if (data.length !== count) {
    throw new InvalidRequest(
      `input ${quote(spec.name)}: shape ${describeShape(shape)} takes ${count} elements, data has ${data.length}`,
    );
  }
  return [data];
}

// Recursion is no deeper than the shape, whose rank the signature has fixed.
function collectRows(
  data: unknown,
  shape: readonly number[],
  depth: number,
  rows: unknown[][],
  spec: TensorSpec,
): void {
  if (!Array.isArray(data) || data.length !== shape[depth]) {
    throw new InvalidRequest(
      `input ${quote(spec.name)}: data must be flat or nested as its shape ${describeShape(shape)}; ` +
        `at depth ${depth} expected an array of ${shape[depth]}, got ${describeValue(data)}`,
    );
  }
  if (depth === shape.length - 1) rows.push(data);
  else for (const part of data) collectRows(part, shape, depth + 1, rows, spec);
}

/** Writes what `convert` makes of each value; undefined means that the value is not of the type. */
function parseEach<Element, Elements extends { [index: number]: Element }>(
  rows: readonly (readonly unknown[])[],
  elements: Elements,
  convert: (value: unknown) => Element | undefined,
  spec: TensorSpec,
): Elements {
  let at = 0;
  for (const row of rows) {
    for (const value of row) {
      const element = convert(value);
      if (element === undefined) {
        throw new InvalidRequest(
          `input ${quote(spec.name)}: element ${at} must be ${EXPECTED[spec.datatype]}, got ${describeValue(value)}`,
        );
      }
      elements[at++] = element;
    }
  }
  return elements;
}

const WHOLE = 'a whole number from';
const EXPECTED: Readonly<Record<TensorSpec['datatype'], string>> = {
  BOOL: 'true or false for BOOL',
  UINT8: `${WHOLE} ${INTEGER_RANGE.UINT8.join(' to ')} for UINT8`,
  UINT16: `${WHOLE} ${INTEGER_RANGE.UINT16.join(' to ')} for UINT16`,
  UINT32: `${WHOLE} ${INTEGER_RANGE.UINT32.join(' to ')} for UINT32`,
  UINT64: `${WHOLE} ${BIG_INTEGER_RANGE.UINT64.join(' to ')} for UINT64, in plain digits`,
  INT8: `${WHOLE} ${INTEGER_RANGE.INT8.join(' to ')} for INT8`,
  INT16: `${WHOLE} ${INTEGER_RANGE.INT16.join(' to ')} for INT16`,
  INT32: `${WHOLE} ${INTEGER_RANGE.INT32.join(' to ')} for INT32`,
  INT64: `${WHOLE} ${BIG_INTEGER_RANGE.INT64.join(' to ')} for INT64, in plain digits`,
  FP16: 'a number that fits FP16 (magnitude up to 65504)',
  FP32: 'a number that fits FP32 (magnitude up to 3.4028235e38)',
  FP64: 'a number that fits FP64 (magnitude up to 1.7976931348623157e308)',
  BYTES: 'a string of whole Unicode characters for BYTES',
};

function isWithin(value: unknown, limit: number): value is number {
  return typeof value === 'number' && value < limit && value > -limit;
}

function asBool(value: unknown): number | undefined {
  if (value === true || value === 1) return 1;
  return value === false || value === 0 ? 0 : undefined;
}

// Half a surrogate pair has no UTF-8 form, which is what ONNX Runtime's strings are.
function asString(value: unknown): string | undefined {
  return typeof value === 'string' && value.isWellFormed() ? value : undefined;
}

function isExact(row: readonly unknown[]): boolean {
  return row.every((value) => !Number.isInteger(value) || Number.isSafeInteger(value));
}

function asBigInteger(
  value: unknown,
  [min, max]: (typeof BIG_INTEGER_RANGE)[BigIntegerDatatype],
): bigint | undefined {
  const integer = Number.isSafeInteger(value) ? BigInt(value as number) : value;
  return typeof integer === 'bigint' && integer >= min && integer <= max ? integer : undefined;
}
