/** Reads one plain value of the text format as the scalar or enumeration that the schema wants. */
import { quote } from './config-fault.ts';
import type { TextScalar } from './text-format.ts';
import type { Enumeration, Scalar } from './text-schema.ts';

export type ScalarReading =
  | { readonly value: string | boolean | number | bigint }
  | { readonly fault: string };

const RANGES = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

const DECIMAL = /^-?(?:0|[1-9][0-9]*)$/;
const HEX_OR_OCTAL = /^(-?)0(?:[xX]([0-9A-Fa-f]+)|([0-7]+))$/;
const FLOAT =
  /^-?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?[fF]?|\.[0-9]+(?:[eE][+-]?[0-9]+)?[fF]?|inf|infinity|nan)$/i;
const TRUE = ['true', 'True', 't', '1'];
const FALSE = ['false', 'False', 'f', '0'];

// More than any 64-bit number has in any notation, and few enough for every conversion to be instant.
const MAX_CHARS = 32;

export function readScalar(written: TextScalar, type: Scalar | Enumeration): ScalarReading {
  const { kind, text } = written;
  const isBare = kind !== 'string';
  if (typeof type === 'object') {
    // Enumerations may also be written as numbers.
    const name = kind === 'number' && DECIMAL.test(text) ? type.values[Number(text)] : text;
    if (isBare && name !== undefined && type.values.includes(name)) return { value: name };
    return expected(`one of ${type.values.join(', ')}`, text);
  }
  switch (type) {
    case 'string':
      return kind === 'string' ? { value: text } : expected('a string in quotes', text);
    case 'bool':
      if (isBare && TRUE.includes(text)) return { value: true };
      if (isBare && FALSE.includes(text)) return { value: false };
      return expected('true or false', text);
    case 'float':
      if (isBare && text.length <= MAX_CHARS && FLOAT.test(text)) return { value: Number.parseFloat(text) };
      return expected('a number', text);
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      return kind === 'number' ? readInteger(text, type) : expected('an integer', text);
  }
}

/** Decimal, or hexadecimal and octal as in C. */
function readInteger(text: string, type: keyof typeof RANGES): ScalarReading {
  const coded = HEX_OR_OCTAL.exec(text);
  if (coded === null && !DECIMAL.test(text)) return expected('an integer', text);
  const [low, high] = RANGES[type];
  if (text.length <= MAX_CHARS) {
    const integer = coded === null ? BigInt(text) : fromCoded(coded);
    if (integer >= low && integer <= high) {
      return { value: type === 'int64' || type === 'uint64' ? integer : Number(integer) };
    }
  }
  return { fault: `${quote(text)} is outside the range ${low} to ${high}` };
}

function fromCoded([, sign, hex, octal]: RegExpExecArray): bigint {
  const magnitude = BigInt(hex === undefined ? `0o${octal}` : `0x${hex}`);
  return sign === '-' ? -magnitude : magnitude;
}

function expected(what: string, found: string): ScalarReading {
  return { fault: `expected ${what}, found ${quote(found)}` };
}
