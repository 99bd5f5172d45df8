/** Scans JSON integers straight from bytes into typed arrays. */
import type { JsonCursor } from './json-cursor.ts';

const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const SPACE = 32;
const ZERO = 48;
const LETTER_E = 101;
/** Digits that a double always holds exactly. */
const MAX_DIGITS = 15;
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

/**
 * The same for 64 bits, written as low and high words because a BigInt costs an allocation; `words` are the elements'
 * memory. Negative values where `isSigned` is not set, and any of more than 15 digits, give false.
 */
export function scanBigIntegers(
  cursor: JsonCursor,
  words: Int32Array,
  from: number,
  to: number,
  isSigned: boolean,
): boolean {
  for (let i = from; i < to; i++) {
    if (i > from && !cursor.take(COMMA)) return false;
    const value = takeInteger(cursor);
    if (Number.isNaN(value) || (value < 0 && !isSigned)) return false;
    words[2 * i] = value;
    words[2 * i + 1] = Math.floor(value / TWO_32);
  }
  return true;
}

/** NaN if there is no plain integer of at most 15 digits. */
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
  const after = bytes[at]!;
  if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[start] === ZERO)) return Number.NaN;
  if (after === POINT || (after | SPACE) === LETTER_E) return Number.NaN;
  return isNegative ? -value : value;
}
