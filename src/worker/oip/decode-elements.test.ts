import { describe, expect, test } from 'vitest';
import type { Datatype, ModelSignature, TensorSpec } from '../../oip/tensor.ts';
import { decodeRequest } from './decode-request.ts';
import { InvalidRequest } from './invalid-request.ts';

function signature(inputs: TensorSpec[]): ModelSignature {
  return { inputs, outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }], batchable: true };
}

function vector(datatype: Datatype): ModelSignature {
  return signature([{ name: 'x', datatype, shape: [-1] }]);
}

function decode(json: unknown, of: ModelSignature) {
  return decodeRequest(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)), undefined, of);
}

/** A request whose data is the given JSON text. */
function ofElements(datatype: Datatype, elements: string[]): string {
  const shape = `"shape":[${elements.length}]`;
  return `{"inputs":[{"name":"x","datatype":"${datatype}",${shape},"data":[${elements.join()}]}]}`;
}

function decodeElements(datatype: Datatype, elements: string[]) {
  return decode(ofElements(datatype, elements), vector(datatype)).inputs[0]!.data;
}

function expectRefusal(run: () => unknown, message: RegExp): void {
  expect(run).toThrow(InvalidRequest);
  expect(run).toThrow(message);
}

describe('data', () => {
  const cube = signature([{ name: 'x', datatype: 'INT8', shape: [-1, 2, 3] }]);
  const ofCube = (data: unknown) => ({ inputs: [{ name: 'x', datatype: 'INT8', shape: [2, 2, 3], data }] });
  const elements = Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

  test('may be flat or nested as the shape', () => {
    const nested = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [7, 8, 9],
        [10, 11, 12],
      ],
    ];
    expect(decode(ofCube([...elements]), cube).inputs[0]!.data).toEqual(elements);
    expect(decode(ofCube(nested), cube).inputs[0]!.data).toEqual(elements);
    expect(decode(JSON.stringify(ofCube(nested), null, 2), cube).inputs[0]!.data).toEqual(elements);
  });

  test.each([
    ['if missing', undefined, /input "x": data is missing/],
    ['if no array', 5, /input "x": data must be an array, got 5/],
    ['with too few elements', [1, 2, 3], /shape \[2,2,3\] takes 12 elements, data has 3/],
    ['with too many elements', new Array(13).fill(0), /shape \[2,2,3\] takes 12 elements, data has 13/],
    ['empty', [], /shape \[2,2,3\] takes 12 elements, data has 0/],
    [
      'nested one level only',
      [
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3, 4, 5, 6],
      ],
      /nested as its shape \[2,2,3\]; at depth 1 expected an array of 2, got an array of 6/,
    ],
    [
      'with a short row',
      [
        [
          [1, 2, 3],
          [4, 5],
        ],
        [
          [7, 8, 9],
          [1, 1, 1],
        ],
      ],
      /at depth 2 expected an array of 3, got an array of 2/,
    ],
    [
      'with a number for a row',
      [
        [[1, 2, 3], 4],
        [
          [7, 8, 9],
          [1, 1, 1],
        ],
      ],
      /at depth 2 expected an array of 3, got 4/,
    ],
    [
      'nested too deep',
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [
          [7, 8, 9],
          [10, 11, [12]],
        ],
      ],
      /element 11 must be .*, got an array of 1/,
    ],
    ['flat with an array in it', [...elements.subarray(1), [1]], /element 11 must be .*, got an array of 1/],
  ])('is refused %s', (_, data, message) => expectRefusal(() => decode(ofCube(data), cube), message));

  test('that is nested in a vector is refused', () => {
    expectRefusal(() => decodeElements('FP32', ['[1]', '[2]']), /element 0 must be a number that fits FP32/);
  });
});

describe('elements', () => {
  test.each<[Datatype, string[], unknown]>([
    ['BOOL', ['true', 'false', '1', '0'], Uint8Array.of(1, 0, 1, 0)],
    ['UINT8', ['0', '255', '1.0', '1e2'], Uint8Array.of(0, 255, 1, 100)],
    ['INT8', ['-128', '127', '-0'], Int8Array.of(-128, 127, 0)],
    ['UINT16', ['65535'], Uint16Array.of(65535)],
    ['INT16', ['-32768', '32767'], Int16Array.of(-32768, 32767)],
    ['UINT32', ['4294967295'], Uint32Array.of(4294967295)],
    ['INT32', ['-2147483648', '2147483647'], Int32Array.of(-2147483648, 2147483647)],
    [
      'INT64',
      ['9007199254740993', '-9223372036854775808', '9223372036854775807', '-1', '4294967296'],
      BigInt64Array.of(9007199254740993n, -(2n ** 63n), 2n ** 63n - 1n, -1n, 2n ** 32n),
    ],
    // 1.0 is nothing that the scanner knows, so the general parser must get the long ones right too.
    [
      'INT64',
      ['1.0', '9007199254740993', '-9007199254740993'],
      BigInt64Array.of(1n, 9007199254740993n, -9007199254740993n),
    ],
    ['UINT64', ['18446744073709551615', '0', '-0'], BigUint64Array.of(2n ** 64n - 1n, 0n, 0n)],
    ['UINT64', ['1e2', '18446744073709551615'], BigUint64Array.of(100n, 2n ** 64n - 1n)],
    [
      'FP16',
      ['1', '0.1', '65504', '65519.9', '-0', '5.9604644775390625e-8'],
      Uint16Array.of(0x3c00, 0x2e66, 0x7bff, 0x7bff, 0x8000, 1),
    ],
    [
      'FP32',
      ['0.1', '-1.3598071336738', '3.4028234663852886e38', '3.4028235e38', '1e-60', '-0'],
      Float32Array.of(0.1, -1.3598071336738, 3.4028234663852886e38, 3.4028234663852886e38, 0, -0),
    ],
    [
      'FP64',
      ['0.1', '1.7976931348623157e308', '5e-324', '-0.0', '12345678901234567890'],
      Float64Array.of(0.1, Number.MAX_VALUE, 5e-324, -0, 12345678901234567000),
    ],
    ['BYTES', ['"a"', '""', '"\\u00e4\\n"', '"😀"', '"\\ud83d\\ude00"'], ['a', '', 'ä\n', '😀', '😀']],
  ])('of %s hold %j', (datatype, texts, expected) => {
    expect(decodeElements(datatype, texts)).toEqual(expected);
  });

  test.each<[Datatype, string, RegExp]>([
    ['BOOL', '2', /element 1 must be true or false for BOOL, got 2/],
    ['BOOL', '"true"', /got "true"/],
    ['BOOL', 'null', /got null/],
    ['UINT8', '256', /element 1 must be a whole number from 0 to 255 for UINT8, got 256/],
    ['UINT8', '-1', /got -1/],
    ['INT8', '-129', /from -128 to 127/],
    ['UINT16', '65536', /from 0 to 65535/],
    ['INT16', '32768', /from -32768 to 32767/],
    ['UINT32', '4294967296', /from 0 to 4294967295/],
    ['INT32', '2147483648', /from -2147483648 to 2147483647/],
    ['INT32', '1.5', /got 1.5/],
    ['INT32', 'true', /got true/],
    [
      'INT64',
      '9223372036854775808',
      /from -9223372036854775808 to 9223372036854775807 .*, got 9223372036854775808/,
    ],
    ['INT64', '-9223372036854775809', /got -9223372036854775809/],
    ['INT64', '1e18', /in plain digits, got 1000000000000000000/],
    ['INT64', '1e400', /got Infinity/],
    ['INT64', '0.5', /got 0.5/],
    ['INT64', '"1"', /got "1"/],
    ['UINT64', '18446744073709551616', /from 0 to 18446744073709551615/],
    ['UINT64', '-1', /got -1/],
    ['FP16', '65520', /element 1 must be a number that fits FP16 .*, got 65520/],
    ['FP16', '-1e9', /got -1000000000/],
    ['FP32', '3.4028235677973366e38', /element 1 must be a number that fits FP32/],
    ['FP32', '-1e39', /fits FP32/],
    ['FP32', '1e400', /fits FP32/],
    ['FP32', '"1"', /got "1"/],
    ['FP32', 'null', /got null/],
    ['FP32', 'true', /got true/],
    ['FP32', '{}', /got an object/],
    ['FP64', '1e309', /fits FP64/],
    ['BYTES', '1', /element 1 must be a string of whole Unicode characters for BYTES, got 1/],
    ['BYTES', 'null', /got null/],
    ['BYTES', '"\\ud83d"', /element 1 must be a string of whole Unicode/],
  ])('of %s cannot be %s', (datatype, text, message) => {
    const fine = datatype === 'BYTES' ? '"fine"' : '1';
    expectRefusal(() => decodeElements(datatype, [fine, text]), message);
    expectRefusal(() => decodeElements(datatype, [fine, text]), /^input "x": element 1 /);
  });

  test.each([
    '01',
    '-',
    '+1',
    '.5',
    '1.',
    '1e',
    '1e+',
    '-01',
    '1.e2',
    '0x1',
    '1_0',
    '- 1',
    '1 2',
    'Infinity',
    '-Infinity',
    '1.5.2',
    '1e5.5',
    '00',
    '--1',
    '1,',
    '',
  ])('are spelt as JSON spells numbers: not %s', (text) => {
    for (const datatype of ['FP32', 'FP64', 'INT32', 'INT64'] as const) {
      expectRefusal(() => decodeElements(datatype, ['1', text]), /not valid JSON/);
      expectRefusal(() => decodeElements(datatype, [text, '1']), /not valid JSON/);
    }
  });

  test('a nesting bomb beside integers that need a second parse', () => {
    const bomb = `"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const json = ofElements('INT64', ['9007199254740993e0', '9007199254740993']).replace(
      '{"inputs"',
      `{${bomb},"inputs"`,
    );
    expectRefusal(() => decode(json, vector('INT64')), /nested too deeply/);
  });
});
