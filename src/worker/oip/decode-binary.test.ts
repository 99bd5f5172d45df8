import { describe, expect, test } from 'vitest';
import type { ModelSignature, TensorSpec } from '../../oip/tensor.ts';
import { decodeRequest } from './decode-request.ts';
import { InvalidRequest } from './invalid-request.ts';

const FLOATS: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 2] };
const WORDS: TensorSpec = { name: 'w', datatype: 'BYTES', shape: [-1] };
const FLAGS: TensorSpec = { name: 'b', datatype: 'BOOL', shape: [-1] };

function model(...inputs: TensorSpec[]): ModelSignature {
  return { inputs, outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }], batchable: true };
}

function bytesOf(data: ArrayBufferView): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function ofStrings(...strings: (string | Buffer)[]): Buffer {
  const parts = strings.flatMap((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text));
    return [length, Buffer.from(text)];
  });
  return Buffer.concat(parts);
}

interface BinaryInput extends Omit<TensorSpec, 'shape'> {
  shape: number[];
  bytes: Buffer;
  size?: unknown;
  data?: unknown;
}

/** A body of binary inputs, `padding` spaces before its JSON so that alignment can be chosen. */
function bodyOf(
  inputs: BinaryInput[],
  extra = Buffer.alloc(0),
  padding = 0,
): { body: Buffer; jsonLength: number } {
  const tensors = inputs.map(({ name, datatype, shape, bytes, size, data }) => {
    return { name, datatype, shape, data, parameters: { binary_data_size: size ?? bytes.length } };
  });
  const json = Buffer.from(' '.repeat(padding) + JSON.stringify({ inputs: tensors }));
  const body = Buffer.concat([json, ...inputs.map((input) => input.bytes), extra]);
  return { body, jsonLength: json.length };
}

function decode({ body, jsonLength }: { body: Buffer; jsonLength: number }, ...specs: TensorSpec[]) {
  return decodeRequest(body, jsonLength, model(...specs));
}

function expectRefusal(run: () => unknown, message: RegExp): void {
  expect(run).toThrow(InvalidRequest);
  expect(run).toThrow(message);
}

const floats = (values: number[], rest: Partial<BinaryInput> = {}): BinaryInput => {
  return {
    name: 'x',
    datatype: 'FP32',
    shape: [values.length / 2, 2],
    bytes: bytesOf(Float32Array.from(values)),
    ...rest,
  };
};
const words = (bytes: Buffer, rows: number, rest: Partial<BinaryInput> = {}): BinaryInput => {
  return { name: 'w', datatype: 'BYTES', shape: [rows], bytes, ...rest };
};

describe('binary inputs', () => {
  test('lie behind the JSON in the order of the request', () => {
    const flags = { name: 'b', datatype: 'BOOL', shape: [2], bytes: Buffer.from([1, 0]) } as const;
    const request = decode(
      bodyOf([flags, words(ofStrings('ä', ''), 2), floats([1.5, 2, 3, 4])] as BinaryInput[]),
      FLOATS,
      WORDS,
      FLAGS,
    );
    expect(request.rows).toBe(2);
    expect(request.inputs.map((input) => input.data)).toEqual([
      Float32Array.of(1.5, 2, 3, 4),
      ['ä', ''],
      Uint8Array.of(1, 0),
    ]);
  });

  test('share the memory of the body where they are aligned, and only there', () => {
    const seen = new Set<boolean>();
    for (let padding = 0; padding < 4; padding++) {
      const { body, jsonLength } = bodyOf([floats([1.5, -2])], Buffer.alloc(0), padding);
      const data = decodeRequest(body, jsonLength, model(FLOATS)).inputs[0]!.data as Float32Array;
      expect(data).toEqual(Float32Array.of(1.5, -2));
      const isAligned = (body.byteOffset + jsonLength) % 4 === 0;
      expect(data.buffer === body.buffer && data.byteOffset === body.byteOffset + jsonLength).toBe(isAligned);
      seen.add(isAligned);
    }
    expect(seen).toEqual(new Set([true, false]));
  });

  test('may stand beside JSON inputs', () => {
    const tensors = [
      { name: 'w', datatype: 'BYTES', shape: [1], data: ['hello'] },
      { name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
    ];
    const json = Buffer.from(JSON.stringify({ inputs: tensors }));
    const body = Buffer.concat([json, bytesOf(Float32Array.of(1, 2))]);
    const request = decodeRequest(body, json.length, model(FLOATS, WORDS));
    expect(request.inputs.map((input) => input.data)).toEqual([Float32Array.of(1, 2), ['hello']]);
  });

  test('may hold NaN, which JSON cannot', () => {
    const [input] = decode(bodyOf([floats([Number.NaN, Number.POSITIVE_INFINITY])]), FLOATS).inputs;
    expect(input!.data).toEqual(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY));
  });

  test('may be absent although the length of the JSON is given', () => {
    const json = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
    );
    expect(decodeRequest(json, json.length, model(FLOATS)).rows).toBe(1);
  });

  test('never lend bytes to the JSON', () => {
    const json = Buffer.from('{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]}');
    for (let cut = 1; cut < json.length; cut++) {
      expectRefusal(() => decodeRequest(json, cut, model(FLOATS)), /not valid JSON/);
    }
  });
});

describe('binary inputs are refused', () => {
  const one = floats([1, 2]);
  test.each<[string, { body: Buffer; jsonLength: number }, RegExp]>([
    [
      'with a size against their shape',
      bodyOf([floats([1, 2, 3, 4], { shape: [1, 2] })]),
      /input "x": shape \[1,2\] of FP32 takes 8 bytes, binary_data_size is 16/,
    ],
    [
      'with bytes left over',
      bodyOf([one], Buffer.alloc(3)),
      /binary_data_size adds up to 8, but 11 bytes follow the JSON/,
    ],
    [
      'with more bytes claimed than there are',
      bodyOf([floats([1, 2], { size: 12 })]),
      /input "x": binary_data_size is 12, but 8 bytes are left/,
    ],
    [
      'with data as well',
      bodyOf([floats([1, 2], { data: [1, 2] })]),
      /input "x": expected either data or parameters.binary_data_size, got both/,
    ],
    [
      'with a negative size',
      bodyOf([floats([1, 2], { size: -8 })]),
      /input "x": parameters.binary_data_size must be a number of bytes, got -8/,
    ],
    ['with a fractional size', bodyOf([floats([1, 2], { size: 7.5 })]), /got 7.5/],
    ['with a size in a string', bodyOf([floats([1, 2], { size: '8' })]), /got "8"/],
    [
      'with an absurd size',
      bodyOf([floats([1, 2], { size: 2 ** 52 })]),
      /binary_data_size is 4503599627370496, but 8 bytes are left/,
    ],
    [
      'with a shape that no body fills',
      bodyOf([floats([1, 2], { shape: [2 ** 50, 2] })]),
      /takes 9007199254740992 bytes|more elements than any/,
    ],
  ])('%s', (_, body, message) => expectRefusal(() => decode(body, FLOATS), message));

  test('in a body that is all JSON', () => {
    const { body } = bodyOf([{ ...one, bytes: Buffer.alloc(0), size: 8 }]);
    expectRefusal(
      () => decodeRequest(body, undefined, model(FLOATS)),
      /binary_data_size is 8, but 0 bytes are left/,
    );
  });

  test.each([1000, -1, 1.5, Number.NaN])('if the JSON is said to take %d bytes', (jsonLength) => {
    expectRefusal(
      () => decodeRequest(bodyOf([one]).body, jsonLength, model(FLOATS)),
      /the JSON is said to take/,
    );
  });

  test('with a BOOL that is neither 0 nor 1', () => {
    const flags = { name: 'b', datatype: 'BOOL', shape: [3], bytes: Buffer.from([0, 1, 2]) } as const;
    expectRefusal(
      () => decode(bodyOf([flags as unknown as BinaryInput]), FLAGS),
      /input "b": element 2 must be 0 or 1 for BOOL, got 2/,
    );
  });

  test.each<[string, Buffer, number, RegExp]>([
    [
      'end within a length',
      Buffer.from([1, 0, 0, 0, 65, 1, 0, 0]),
      2,
      /input "w": .* takes 2 BYTES elements.* in 8 bytes there are only 1$/,
    ],
    [
      'end within an element',
      Buffer.from([9, 0, 0, 0, 65, 66, 67, 68]),
      1,
      /only 0, the next one claims 9 bytes/,
    ],
    ['claim 4 GiB', Buffer.from([255, 255, 255, 255, 65]), 1, /claims 4294967295 bytes/],
    ['are too few', ofStrings('a', 'b'), 3, /takes 3 BYTES elements.* there are fewer|only 2/],
    ['are too many', ofStrings('a', 'b'), 1, /there are 5 bytes more/],
    [
      'are fewer than a shape makes memory for',
      ofStrings('a'),
      2 ** 31,
      /takes 2147483648 BYTES elements.* there are fewer/,
    ],
    [
      'are not UTF-8',
      ofStrings('fine', Buffer.from([0xc3, 0x28])),
      2,
      /input "w": element 1 must be valid UTF-8/,
    ],
  ])('if strings %s', (_, bytes, rows, message) =>
    expectRefusal(() => decode(bodyOf([words(bytes, rows)]), WORDS), message),
  );

  test('with a NUL in a string', () => {
    const message = /input "w": element 1 must be a string without NUL/;
    expectRefusal(() => decode(bodyOf([words(ofStrings('a', 'b\0c'), 2)]), WORDS), message);
  });

  test('but not for a replacement character that was sent as such', () => {
    expect(decode(bodyOf([words(ofStrings('\uFFFD', '\uFEFFa'), 2)]), WORDS).inputs[0]!.data).toEqual([
      '\uFFFD',
      '\uFEFFa',
    ]);
  });
});

describe('a raw request', () => {
  const raw = (bytes: Buffer, ...specs: TensorSpec[]) => decodeRequest(bytes, 0, model(...specs));

  test('is one row, and every output is binary', () => {
    const request = raw(bytesOf(Float32Array.of(1, 2)), FLOATS);
    expect(request).toEqual({
      id: undefined,
      timeoutUs: 0,
      rows: 1,
      inputs: [{ shape: [1, 2], data: Float32Array.of(1, 2) }],
      outputs: [{ index: 0, binary: true }],
    });
  });

  test('has its one variable dimension from its size', () => {
    const spec: TensorSpec = { name: 'x', datatype: 'UINT8', shape: [-1, -1, 3] };
    expect(raw(Buffer.alloc(12), spec).inputs[0]!.shape).toEqual([1, 4, 3]);
    const unbatched = { ...model(spec), batchable: false };
    expectRefusal(
      () => decodeRequest(Buffer.alloc(12), 0, unbatched),
      /one variable dimension, the model has \[-1,-1,3\]/,
    );
    expectRefusal(
      () => raw(Buffer.alloc(13), spec),
      /input "x": expected a multiple of 3 bytes for UINT8 .*, got 13/,
    );
    expectRefusal(() => raw(Buffer.alloc(0), spec), /expected a multiple of 3 bytes/);
  });

  test('takes exactly the bytes of a fixed shape', () => {
    expectRefusal(
      () => raw(Buffer.alloc(7), FLOATS),
      /input "x": expected 8 bytes for FP32 of shape \[1,2\], got 7/,
    );
    expectRefusal(() => raw(Buffer.alloc(16), FLOATS), /expected 8 bytes for FP32/);
  });

  test('is one whole string for BYTES, without a length in front', () => {
    expect(raw(Buffer.from('grüße'), WORDS).inputs).toEqual([{ shape: [1], data: ['grüße'] }]);
    expect(raw(Buffer.from('a'), { ...WORDS, shape: [-1, 1] }).inputs).toEqual([
      { shape: [1, 1], data: ['a'] },
    ]);
    expectRefusal(
      () => raw(Buffer.from('a'), { ...WORDS, shape: [-1, 2] }),
      /input "w": .* one BYTES element, the model takes/,
    );
    expectRefusal(() => raw(Buffer.from([0xff]), WORDS), /input "w": element 0 must be valid UTF-8/);
  });

  test('checks its BOOLs', () => {
    expectRefusal(() => raw(Buffer.from([7]), FLAGS), /input "b": element 0 must be 0 or 1/);
  });

  test('needs a model of one input', () => {
    expectRefusal(() => raw(Buffer.alloc(8), FLOATS, FLAGS), /needs a model with one input; this one has 2/);
  });
});
