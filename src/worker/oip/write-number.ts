/** Writes numbers as JSON text into bytes, floats in few digits and yet exactly. */

const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** No number that is written here takes more bytes. */
export const MOST_NUMBER_BYTES = 25;

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** 00 to 99. */
const DIGIT_PAIRS = Buffer.from(Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')).join(''));
/** Many float32 values were short decimals once, such as 0.97; nine digits identify every one (Steele and White, 1990). */
const FEWEST_DIGITS = 7;
const MOST_DIGITS = 9;
/** Beyond these bounds JavaScript's own text is used: with the lower one, 8 digits have at most 12 decimals (see below). */
const LEAST_SHORT = 1e-5;
const LIMIT_SHORT = 1e9;

/**
 * Writes a finite float32 at `at` and gives the position after it.
 * The text is the value rounded to 7, 8 or 9 digits, the first that reads back as the same float32.
 *
 * That is tried by reading the text as a double and rounding that to float32, but holds for clients that read float32
 * directly as well. The two could part only for a text within half a unit of a double, 2^(e-53), of a middle between
 * two float32 neighbours, an odd multiple of 2^(e-24), without being that middle. A text of d decimals, a multiple of
 * 10^-d, is either the middle or at least 5^-d 2^(e-24) from it, which is more for d up to 12. A text of 9 digits is
 * nowhere near a middle: it is off by at most 5e-9 of the value, and the middles lie 3e-8 away.
 */
export function writeFloat32(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0 || Object.is(value, -0)) {
    bytes[at++] = MINUS;
    value = -value;
    // "-0" would read as the integer zero in many languages.
    if (value === 0) return writeAscii(bytes, at, '0.0');
  }
  if (value < LIMIT_SHORT && value === (value | 0)) return writeWhole(bytes, at, value);
  if (value < LEAST_SHORT || value >= LIMIT_SHORT) return writeAscii(bytes, at, String(value));
  // Decimals that leave FEWEST_DIGITS digits without the leading zeros.
  let decimals = FEWEST_DIGITS;
  if (value >= 1) while (value >= POWERS[FEWEST_DIGITS - decimals]!) decimals--;
  else while (value * POWERS[decimals - FEWEST_DIGITS + 1]! < 1) decimals++;
  const mostDecimals = decimals + MOST_DIGITS - FEWEST_DIGITS;
  for (; decimals <= mostDecimals; decimals++) {
    const power = POWERS[decimals]!;
    const scaled = Math.floor(value * power + 0.5);
    if (Math.fround(scaled / power) !== value) continue;
    // The text has the value's own whole part: were it rounded up to the next, that would be the value.
    const whole = Math.floor(value);
    at = writeWhole(bytes, at, whole);
    return writeFraction(bytes, at, scaled - whole * power, decimals);
  }
  return writeAscii(bytes, at, String(value));
}

/** Writes a point and `fraction` in `decimals` digits, without the zeros at the end; fraction is from 1 to 2^31 - 1. */
function writeFraction(bytes: Uint8Array, at: number, fraction: number, decimals: number): number {
  fraction |= 0;
  bytes[at] = POINT;
  let end = at + decimals;
  let i = end;
  for (; i > at + 1; i -= 2) {
    const rest = (fraction / 100) | 0;
    const pair = (fraction - rest * 100) * 2;
    bytes[i - 1] = DIGIT_PAIRS[pair]!;
    bytes[i] = DIGIT_PAIRS[pair + 1]!;
    fraction = rest;
  }
  if (i > at) bytes[i] = ZERO + fraction;
  while (bytes[end] === ZERO) end--;
  return end + 1;
}

/** Writes a finite double in the shortest text that reads back as the same. */
export function writeFloat64(bytes: Uint8Array, at: number, value: number): number {
  return writeAscii(bytes, at, Object.is(value, -0) ? '-0.0' : String(value));
}

/** Writes a safe integer. */
export function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    bytes[at++] = MINUS;
    value = -value;
  }
  return value < 2 ** 31 ? writeWhole(bytes, at, value) : writeAscii(bytes, at, String(value));
}

/** Writes an integer from 0 to 2^31 - 1. */
function writeWhole(bytes: Uint8Array, at: number, value: number): number {
  value |= 0;
  if (value < 10) {
    bytes[at] = ZERO + value;
    return at + 1;
  }
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end++;
  for (let i = end - 1; i >= at; i--) {
    const rest = (value / 10) | 0;
    bytes[i] = ZERO + value - rest * 10;
    value = rest;
  }
  return end;
}

export function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
