/** A position in JSON bytes that steps over one token at a time if it is the expected one, and else stays. */

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const ZERO = 48;
const COLON = 58;
const BACKSLASH = 92;
const FIRST_BEYOND_ASCII = 128;
/** Digits that a double always holds exactly. */
const MAX_DIGITS = 15;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** Whether this is white space to JSON. */
export function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB;
}

/**
 * Fields are public because the scanners of numbers keep them in locals.
 * Reading beyond the bytes gives undefined, which equals no token; reading beyond the JSON into a binary part shows in
 * the final position. So nothing here checks for the end.
 */
export class JsonCursor {
  readonly bytes: Buffer;
  /** Over the same bytes, for reading four at once. */
  readonly view: DataView;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Skips white space; gives the byte after it. */
  next(): number | undefined {
    let byte = this.bytes[this.at];
    while (isSpace(byte)) byte = this.bytes[++this.at];
    return byte;
  }

  take(byte: number): boolean {
    if (this.next() !== byte) return false;
    this.at++;
    return true;
  }

  takeLiteral(literal: Uint8Array): boolean {
    this.next();
    const { bytes, at } = this;
    for (let i = 0; i < literal.length; i++) if (bytes[at + i] !== literal[i]) return false;
    this.at = at + literal.length;
    return true;
  }

  /** A member's name, given as a JSON string, and the colon. */
  takeKey(name: Uint8Array): boolean {
    // All names begin with a quote: the letter after it tells most of them apart.
    if (this.next() !== QUOTE || this.bytes[this.at + 1] !== name[1]) return false;
    return this.takeLiteral(name) && this.take(COLON);
  }

  takeBool(): boolean | undefined {
    if (this.takeLiteral(TRUE)) return true;
    return this.takeLiteral(FALSE) ? false : undefined;
  }

  /** A string of plain ASCII; undefined if there is anything else, an escape for one. */
  takePlainString(): string | undefined {
    if (!this.take(QUOTE)) return undefined;
    const { bytes, at } = this;
    let end = at;
    for (let byte = bytes[end]!; byte !== QUOTE; byte = bytes[++end]!) {
      // Said so that undefined, a read beyond the bytes, fails too.
      if (!(byte >= SPACE && byte < FIRST_BEYOND_ASCII && byte !== BACKSLASH)) return undefined;
    }
    this.at = end + 1;
    return bytes.toString('latin1', at, end);
  }

  /** Digits of a whole number that a double holds exactly, without sign or leading zeros; undefined for anything else. */
  takeWhole(): number | undefined {
    this.next();
    const { bytes } = this;
    const start = this.at;
    let at = start;
    let value = 0;
    for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) {
      value = value * 10 + digit;
    }
    const digits = at - start;
    if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[start] === ZERO)) return undefined;
    this.at = at;
    return value;
  }
}
