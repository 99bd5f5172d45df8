/** Reads the JSON part of a request body: strict UTF-8, and on demand with its big integers exact. */
import { isUtf8 } from 'node:buffer';
import { InvalidRequest } from './invalid-request.ts';

const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** A parsed JSON text that can be parsed again for what doubles cannot hold. */
export interface JsonDocument {
  readonly value: unknown;
  /** The same value, but integers beyond 2^53 that are written in plain digits are bigints. Parsed on first use. */
  exact(): unknown;
}

export function readJson(bytes: Buffer): JsonDocument {
  if (!isUtf8(bytes)) throw new InvalidRequest('the request is not valid UTF-8');
  // RFC 8259, section 8.1, lets a parser skip the mark that some editors and PowerShell put in front.
  const hasMark = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const text = toText(bytes, hasMark ? BYTE_ORDER_MARK.length : 0);
  let exact: unknown;
  return {
    value: parse(text),
    exact: () => {
      exact ??= parse(text, keepBigIntegers);
      return exact;
    },
  };
}

function toText(bytes: Buffer, start: number): string {
  try {
    return bytes.toString('utf8', start);
  } catch (cause) {
    throw new InvalidRequest(`the request's JSON is too long: ${bytes.length} bytes`, { cause });
  }
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

function parse(text: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch (cause) {
    // A reviver recurses, so nesting that plain parsing takes may exhaust the stack here.
    const reason = cause instanceof SyntaxError ? cause.message : 'it is nested too deeply';
    throw new InvalidRequest(`the request is not valid JSON: ${reason}`, { cause });
  }
}

// Nothing of 2^64 or beyond is in range of any type; leaving it a number keeps the cost of a BigInt bounded.
const BEYOND_64_BITS = 2 ** 64;

function keepBigIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || Math.abs(value) > BEYOND_64_BITS)
    return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
}
