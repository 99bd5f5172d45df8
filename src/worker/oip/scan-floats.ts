/** Scans JSON numbers straight from bytes into floats: the innermost loop of decoding. */
import type { JsonCursor } from './json-cursor.ts';

const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const SPACE = 32;
const LETTER_E = 101;

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const SIGNS = Float64Array.of(1, -1);
const MAX_EXACT_POWER = 22;
const FOUR_ZEROS = 0x30303030;
/** On its way from 2^53 to here a mantissa takes ten more digits at most, so fewer than 32 roundings, of 2^-53 each. */
const MAX_ROUNDED_MANTISSA = 1e25;
const BELOW = 1 - 2 ** -46;
const ABOVE = 1 + 2 ** -46;

/**
 * Scans numbers separated by commas into target[from..to) and stops after the last one. False if something there is
 * not a JSON number or not within ±`limit`; elements and cursor are then of no use.
 *
 * Value: the digits make an integer mantissa, scaled by the power of ten that decimals and exponent ask for. With a
 * mantissa below 2^53 and a power of at most 22, both are exact and the quotient or product is the one correct rounding
 * (Clinger, "How to read floating point numbers accurately", 1990). Longer mantissas carry a relative error below
 * 2^-46; if a float32 target rounds both ends of that interval to one value, rounding the true value gives the same.
 * The rest goes to Number.
 *
 * Decimals are read four at once (Lemire, "Number parsing at a gigabyte per second", 2021, section 5).
 */
export function scanFloats(
  cursor: JsonCursor,
  target: Float32Array | Float64Array | Float16Array,
  from: number,
  to: number,
  limit: number,
): boolean {
  const { bytes, view } = cursor;
  const lastQuad = view.byteLength - 4;
  const isSingle = target instanceof Float32Array;
  let { at } = cursor;
  for (let i = from; i < to; i++) {
    if (bytes[at]! <= SPACE) {
      cursor.at = at;
      cursor.next();
      at = cursor.at;
    }
    const start = at;
    // 1 after a minus, else 0, without a branch: the processor cannot foretell the signs of features.
    const sign = ((bytes[at]! ^ MINUS) - 1) >>> 31;
    at += sign;
    const first = bytes[at]! - ZERO;
    if (!(first >= 0 && first <= 9)) return false;
    let mantissa = first;
    for (let digit = bytes[++at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) {
      if (first === 0) return false;
      mantissa = mantissa * 10 + digit;
    }
    let decimals = 0;
    if (bytes[at] === POINT) {
      const firstDecimal = ++at;
      for (;;) {
        if (at > lastQuad) return false;
        // A digit's byte becomes its value; any other byte gets its high bit set in `others`.
        const quad = view.getInt32(at, true) ^ FOUR_ZEROS;
        const others = (((quad & 0x7f7f7f7f) + 0x76767676) | quad) & 0x80808080;
        if (others === 0) {
          mantissa = mantissa * 10_000 + joinDigits(quad);
          at += 4;
        } else {
          // The lowest byte comes first in the text; shifting the others out on top leaves leading zeros.
          const digits = (31 - Math.clz32(others & -others)) >>> 3;
          mantissa = mantissa * EXACT_POWERS[digits]! + joinDigits((quad << 8) << (24 - digits * 8));
          at += digits;
          break;
        }
      }
      decimals = at - firstDecimal;
      if (decimals === 0) return false;
    }
    if ((bytes[at]! | SPACE) === LETTER_E) {
      const exponentSign = bytes[++at];
      if (exponentSign === MINUS || exponentSign === PLUS) at++;
      const firstDigit = at;
      let exponent = 0;
      for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) {
        exponent = exponent * 10 + digit;
      }
      if (at === firstDigit) return false;
      decimals += exponentSign === MINUS ? exponent : -exponent;
    }
    let value = toNumber(mantissa, decimals, isSingle) * SIGNS[sign]!;
    if (Number.isNaN(value)) {
      // Numbers that make full use of a double are many or none: JSON.parse reads many of them faster.
      if (!isSingle) return false;
      value = Number(bytes.toString('latin1', start, at));
    }
    if (!(value < limit && value > -limit)) return false;
    target[i] = value;
    if (i + 1 === to) break;
    if (bytes[at] === COMMA) {
      at++;
      if (bytes[at] === SPACE) at++;
    } else {
      cursor.at = at;
      if (!cursor.take(COMMA)) return false;
      at = cursor.at;
    }
  }
  cursor.at = at;
  return true;
}

/** mantissa / 10^decimals if it is certain to round as the true value does, else NaN. */
function toNumber(mantissa: number, decimals: number, isSingle: boolean): number {
  if (mantissa <= Number.MAX_SAFE_INTEGER && decimals <= MAX_EXACT_POWER && decimals >= -MAX_EXACT_POWER) {
    return decimals >= 0 ? mantissa / EXACT_POWERS[decimals]! : mantissa * EXACT_POWERS[-decimals]!;
  }
  if (!isSingle || mantissa > MAX_ROUNDED_MANTISSA || decimals < 0 || decimals > 2 * MAX_EXACT_POWER)
    return Number.NaN;
  const value =
    decimals <= MAX_EXACT_POWER
      ? mantissa / EXACT_POWERS[decimals]!
      : mantissa / EXACT_POWERS[MAX_EXACT_POWER]! / EXACT_POWERS[decimals - MAX_EXACT_POWER]!;
  return Math.fround(value * BELOW) === Math.fround(value * ABOVE) ? value : Number.NaN;
}

/** Four digit values, the lowest byte being the first digit, as a number up to 9999. */
function joinDigits(quad: number): number {
  const pairs = (Math.imul(quad, 10) + (quad >>> 8)) & 0x00ff00ff;
  return (Math.imul(pairs, 100) + (pairs >>> 16)) & 0xffff;
}
