import { describe, expect, test } from 'vitest';
import type { ModelSignature, Tensor } from '../../oip/tensor.ts';
import { TurntableError } from '../../turntable-error.ts';
import type { InferRequest, RequestedOutput } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { NotRepresentable } from './not-representable.ts';

const FRAUD: ModelSignature = {
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 30] }],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
  ],
  batchable: true,
};
const MODEL = { name: 'fraud', version: '3' };
const OUTPUTS: Tensor[] = [
  { shape: [2], data: BigInt64Array.of(1n, 0n) },
  { shape: [2, 2], data: Float32Array.of(0.03, 0.97, 0.5, 0.5) },
];

function request(outputs: RequestedOutput[], id?: string): InferRequest {
  return { id, rows: 2, inputs: [], outputs, timeoutUs: 0 };
}

const both = request([
  { index: 0, binary: false },
  { index: 1, binary: false },
]);

function encodeOne(datatype: ModelSignature['outputs'][number]['datatype'], data: Tensor['data']): string {
  const signature: ModelSignature = {
    inputs: [],
    outputs: [{ name: 'y', datatype, shape: [-1] }],
    batchable: true,
  };
  const outputs = [{ shape: [data.length], data }];
  const { body } = encodeResponse(request([{ index: 0, binary: false }]), outputs, signature, MODEL);
  return /"data":\[(.*)\]\}\]\}$/.exec(body.toString())![1]!;
}

describe('a response', () => {
  test('in JSON names the model and holds the outputs flat', () => {
    const { body, jsonLength } = encodeResponse(both, OUTPUTS, FRAUD, MODEL);
    expect(jsonLength).toBeUndefined();
    expect(body.toString()).toBe(
      '{"model_name":"fraud","model_version":"3","outputs":[' +
        '{"name":"label","datatype":"INT64","shape":[2],"data":[1,0]},' +
        '{"name":"probabilities","datatype":"FP32","shape":[2,2],"data":[0.03,0.97,0.5,0.5]}]}',
    );
  });

  test('carries binary outputs behind its JSON', () => {
    const mixed = request([
      { index: 1, binary: true },
      { index: 0, binary: false },
    ]);
    const { body, jsonLength } = encodeResponse(mixed, OUTPUTS, FRAUD, MODEL);
    expect(JSON.parse(body.toString('utf8', 0, jsonLength))).toEqual({
      model_name: 'fraud',
      model_version: '3',
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } },
        { name: 'label', datatype: 'INT64', shape: [2], data: [1, 0] },
      ],
    });
    const floats = body.subarray(jsonLength);
    expect([0, 4, 8, 12].map((at) => floats.readFloatLE(at))).toEqual([
      ...(OUTPUTS[1]!.data as Float32Array),
    ]);
    expect(body.length).toBe(jsonLength! + 16);
  });

  test('needs only the outputs that were requested', () => {
    const sparse: Tensor[] = [];
    sparse[1] = OUTPUTS[1]!;
    const { body } = encodeResponse(request([{ index: 1, binary: false }]), sparse, FRAUD, MODEL);
    expect(JSON.parse(body.toString()).outputs).toHaveLength(1);
    expect(() => encodeResponse(both, sparse, FRAUD, MODEL)).toThrow(/no output "label"/);
  });

  test.each(['', 'r-1', 'a"b\\c/d', 'line\nbreak\0', 'ä😀', '\u2028', '\ud800', '\x7f', 'x'.repeat(100_000)])(
    'echoes the id exactly: %j',
    (id) => {
      const { body } = encodeResponse({ ...both, id }, OUTPUTS, FRAUD, MODEL);
      expect(JSON.parse(body.toString()).id).toBe(id);
    },
  );

  test('escapes the names of model and outputs', () => {
    const name = 'a"b\\ä\n';
    const signature: ModelSignature = { ...FRAUD, outputs: [{ name, datatype: 'INT64', shape: [-1] }] };
    const { body } = encodeResponse(request([{ index: 0, binary: false }]), OUTPUTS, signature, {
      name,
      version: '"1"',
    });
    expect(JSON.parse(body.toString())).toMatchObject({
      model_name: name,
      model_version: '"1"',
      outputs: [{ name }],
    });
  });

  test('of another model does not wear the name of the last', () => {
    encodeResponse(both, OUTPUTS, FRAUD, MODEL);
    const { body } = encodeResponse(both, OUTPUTS, FRAUD, { name: 'fraud', version: '4' });
    expect(JSON.parse(body.toString()).model_version).toBe('4');
  });

  test('outlives the next one', () => {
    const { body } = encodeResponse({ ...both, id: 'first' }, OUTPUTS, FRAUD, MODEL);
    const text = body.toString();
    encodeResponse({ ...both, id: 'other' }, OUTPUTS, FRAUD, MODEL);
    expect(body.toString()).toBe(text);
  });

  test('may hold no elements at all', () => {
    expect(encodeOne('FP32', new Float32Array(0))).toBe('');
    expect(encodeOne('BYTES', [])).toBe('');
  });

  test('may be far larger than any before', () => {
    const data = Float32Array.from({ length: 30_000 }, (_, i) => i / 7);
    expect(Float32Array.from(JSON.parse(`[${encodeOne('FP32', data)}]`))).toEqual(data);
  });
});

describe('elements are written', () => {
  test.each<[ModelSignature['outputs'][number]['datatype'], Tensor['data'], string]>([
    ['BOOL', Uint8Array.of(0, 1), 'false,true'],
    ['UINT8', Uint8Array.of(0, 9, 10, 255), '0,9,10,255'],
    ['INT8', Int8Array.of(-128, 127), '-128,127'],
    ['UINT32', Uint32Array.of(4294967295), '4294967295'],
    ['INT32', Int32Array.of(-2147483648, 2147483647), '-2147483648,2147483647'],
    [
      'INT64',
      BigInt64Array.of(-1n, 2n ** 53n + 1n, -(2n ** 63n), -(2n ** 32n)),
      '-1,9007199254740993,-9223372036854775808,-4294967296',
    ],
    ['UINT64', BigUint64Array.of(2n ** 64n - 1n, 2n ** 32n), '18446744073709551615,4294967296'],
    ['FP16', Uint16Array.of(0x3c00, 0x2e66, 0x8000, 0x7bff), '1,0.099975586,-0.0,65504'],
    [
      'FP32',
      Float32Array.of(0, -0, 1, -1.5, 0.1, 16777216, 1e10, 1e-7, 0.99999994, 1000 + 2 ** -14),
      '0,-0.0,1,-1.5,0.1,16777216,10000000000,1.0000000116860974e-7,0.99999994,1000.00006',
    ],
    ['FP64', Float64Array.of(0.1, -0, 1e21, 5e-324), '0.1,-0.0,1e+21,5e-324'],
    ['BYTES', ['a"b', 'ä', ''], '"a\\"b","ä",""'],
  ])('%s', (datatype, data, expected) => expect(encodeOne(datatype, data)).toBe(expected));

  test('FP16 also from the array that newer runtimes use for it', () => {
    expect(encodeOne('FP16', new Float16Array([1.5]) as unknown as Uint16Array)).toBe('1.5');
  });

  test.each([
    ['FP32', Float32Array.of(1, Number.NaN), /output "y" contains NaN, .*binary_data: true/],
    ['FP64', Float64Array.of(Number.NEGATIVE_INFINITY), /output "y" contains -Infinity/],
    ['FP16', Uint16Array.of(0x7c00), /output "y" contains Infinity/],
  ] as const)('of %s only if they are finite', (datatype, data, message) => {
    const run = () => encodeOne(datatype, data);
    expect(run).toThrow(NotRepresentable);
    expect(run).toThrow(TurntableError);
    expect(run).toThrow(message);
  });
});
