import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonCursor } from './json-cursor.ts';
import { FLOAT_LIMIT } from './number-range.ts';
import { scanFloats } from './scan-floats.ts';

const RUNS = { seed: 20260104, numRuns: 3000 };

/** Every way to spell a number, right or nearly right. */
const digits = fc.string({ unit: fc.constantFrom(...'00123456789'), minLength: 0, maxLength: 26 });
const spelt = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits,
    fc.constantFrom('', '.'),
    digits,
    fc.constantFrom('', 'e', 'E-', 'e+'),
    fc.nat(60),
  )
  .map(([sign, whole, point, decimals, e, exponent]) => {
    return `${sign}${whole}${point}${point && decimals}${e}${e && exponent}`;
  });
const printed = fc
  .tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 1, max: 100 }))
  .chain(([value, precision]) =>
    fc.constantFrom(
      String(value),
      value.toPrecision(precision),
      value.toExponential(),
      String(Math.fround(value)),
    ),
  );
const ordinary = fc
  .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: 0, max: 12 }))
  .map(([value, decimals]) => String(value / 10 ** decimals));
/** The exact middle between two float32 neighbours, where rounding is decided, and decimals just beside it. */
const halfway = fc
  .tuple(
    fc.float({ min: 2 ** -20, max: 2 ** 60, noNaN: true }),
    fc.constantFrom('', '1', '0000000001'),
    fc.boolean(),
  )
  .map(([low, beyond, isBelow]) => {
    const high = new Float32Array(
      new Int32Array([new Int32Array(new Float32Array([low]).buffer)[0]! + 1]).buffer,
    )[0]!;
    const middle = ((low + high) / 2).toPrecision(isBelow ? 17 : 50);
    return middle.includes('.') && !middle.includes('e') ? middle + beyond : middle;
  });
const text = fc.oneof(spelt, printed, ordinary, halfway);

function scan(numbers: string[], target: Float32Array | Float64Array | Float16Array, limit: number) {
  const list = numbers.join(',');
  const cursor = new JsonCursor(Buffer.from(`${list}]}]}`));
  return scanFloats(cursor, target, 0, numbers.length, limit) && cursor.at === list.length;
}

/** What JSON.parse makes of the list, undefined if it or a number's magnitude is refused. */
function parse(numbers: string[], limit: number): number[] | undefined {
  try {
    const values = JSON.parse(`[${numbers}]`) as number[];
    return values.length === numbers.length && values.every((value) => Math.abs(value) < limit)
      ? values
      : undefined;
  } catch {
    return undefined;
  }
}

describe('scanned floats', () => {
  test('of float32 are those of JSON.parse, and the same texts are refused', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (numbers) => {
        const expected = parse(numbers, FLOAT_LIMIT.FP32);
        const target = new Float32Array(numbers.length);
        const isScanned = scan(numbers, target, FLOAT_LIMIT.FP32);
        expect(isScanned).toBe(expected !== undefined);
        if (expected !== undefined) expect(bits(target)).toEqual(bits(Float32Array.from(expected)));
      }),
      RUNS,
    );
  });

  test.each([
    ['FP64', Float64Array],
    ['FP16', Float16Array],
  ] as const)('of %s are those of JSON.parse where they are not left to it', (datatype, Floats) => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (numbers) => {
        const target = new Floats(numbers.length);
        if (!scan(numbers, target, FLOAT_LIMIT[datatype])) return;
        const expected = parse(numbers, FLOAT_LIMIT[datatype]);
        expect(expected).toBeDefined();
        expect(bits(target)).toEqual(bits(Floats.from(expected!)));
      }),
      RUNS,
    );
  });

  test('of ordinary features are left to nobody', () => {
    const numbers = [
      '-1.3598071336738',
      '0',
      '-0.0',
      '80510.2804',
      '1e-5',
      '2.5E+3',
      '0.10000000149011612',
      '12345678901234567890',
    ];
    expect(scan(numbers, new Float32Array(numbers.length), FLOAT_LIMIT.FP32)).toBe(true);
    const doubles = numbers.slice(0, 6);
    expect(scan(doubles, new Float64Array(doubles.length), FLOAT_LIMIT.FP64)).toBe(true);
  });

  test('never read beyond the bytes', () => {
    const bytes = Buffer.from('1.5,2.25e1,-3');
    for (let length = 0; length < bytes.length; length++) {
      const cursor = new JsonCursor(bytes.subarray(0, length));
      scanFloats(cursor, new Float32Array(3), 0, 3, FLOAT_LIMIT.FP32);
      expect(cursor.at).toBeLessThanOrEqual(length);
    }
  });
});

function bits(data: Float32Array | Float64Array | Float16Array): number[] {
  return [...new Uint8Array(data.buffer)];
}
