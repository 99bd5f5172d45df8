/** Scans JSON integers straight from bytes into typed arrays. */
import type { JsonCursor } from './json-cursor.ts';

const COMMA = 44;
const MINUS = 45;
const ZERO = 48;
/** Digits that a double always holds exactly. */
const MAX_DIGITS = 15;
/** The integers of 64 bits that have more. */
const LONG_INTEGER = /^-?[1-9]\d{15,19}$/;
const TWO_32 = 2 ** 32;

/**
 * Scans plain integers within [min, max] into target[from..to) and stops after the last one. False if there is
 * anything else, also numbers that are merely written otherwise, such as 1e3.
 */
export function scanIntegers(
  cursor: JsonCursor,
  target: Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array,
  from: number,
  to: number,
  [min, max]: readonly [min: number, max: number],
): boolean {
  for (let i = from; i < to; i++) {
    if (i > from && !cursor.take(COMMA)) return false;
    const value = takeInteger(cursor);
    if (!(value >= min && value <= max)) return false;
    target[i] = value;
  }
  return true;
}

/** The same for 64 bits. */
export function scanBigIntegers(
  cursor: JsonCursor,
  target: BigInt64Array | BigUint64Array,
  from: number,
  to: number,
  [min, max]: readonly [min: bigint, max: bigint],
): boolean {
  // Low and high words of the elements: a BigInt costs an allocation, and most values fit a double.
  const words = new Int32Array(target.buffer, target.byteOffset, 2 * target.length);
  for (let i = from; i < to; i++) {
    if (i > from && !cursor.take(COMMA)) return false;
    cursor.next();
    const start = cursor.at;
    const value = takeInteger(cursor);
    if (!Number.isNaN(value)) {
      if (value < 0 && min === 0n) return false;
      words[2 * i] = value;
      words[2 * i + 1] = Math.floor(value / TWO_32);
    } else {
      const text = cursor.bytes.toString('latin1', start, cursor.at);
      if (!LONG_INTEGER.test(text)) return false;
      const long = BigInt(text);
      if (long < min || long > max) return false;
      target[i] = long;
    }
  }
  return true;
}

/**
 * The integer at the cursor, which then stands behind its digits. NaN if it has no digits, a leading zero or more
 * digits than a double holds. A point or exponent after the digits is left for the caller to stumble on.
 */
function takeInteger(cursor: JsonCursor): number {
  const isNegative = cursor.take(MINUS);
  const { bytes } = cursor;
  const start = cursor.at;
  let at = start;
  let value = 0;
  for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) {
    value = value * 10 + digit;
  }
  cursor.at = at;
  const digits = at - start;
  if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[start] === ZERO)) return Number.NaN;
  return isNegative ? -value : value;
}
