import { describe, expect, test } from 'vitest';
import type { ModelSignature, TensorSpec } from '../../oip/tensor.ts';
import { TurntableError } from '../../turntable-error.ts';
import { decodeRequest } from './decode-request.ts';
import { InvalidRequest } from './invalid-request.ts';

const PAIRS = signature([{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]);

function signature(inputs: TensorSpec[], batchable = true): ModelSignature {
  const outputs: TensorSpec[] = [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'score', datatype: 'FP32', shape: [-1, 2] },
  ];
  return { inputs, outputs, batchable };
}

function decode(json: unknown, of: ModelSignature = PAIRS) {
  return decodeRequest(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)), undefined, of);
}

/** A request for PAIRS with one row, some members replaced. */
function pair(members: object = {}, request: object = {}) {
  return { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2], ...members }], ...request };
}

function expectRefusal(run: () => unknown, message: RegExp): void {
  let error: unknown;
  try {
    run();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(InvalidRequest);
  expect(error).toBeInstanceOf(TurntableError);
  expect((error as InvalidRequest).code).toBe('INVALID_REQUEST');
  expect((error as InvalidRequest).message).toMatch(message);
  expect((error as InvalidRequest).message.length).toBeLessThan(1000);
}

describe('a request', () => {
  test('gives tensors in the order of the signature, whatever its own', () => {
    const two = signature([
      { name: 'a', datatype: 'FP32', shape: [-1, 2] },
      { name: 'b', datatype: 'INT32', shape: [-1] },
    ]);
    const b = { name: 'b', datatype: 'INT32', shape: [3], data: [7, 8, 9] };
    const a = { name: 'a', datatype: 'FP32', shape: [3, 2], data: [1, 2, 3, 4, 5, 6] };
    const request = decode({ id: 'r1', inputs: [b, a] }, two);
    expect(request.id).toBe('r1');
    expect(request.rows).toBe(3);
    expect(request.inputs).toEqual([
      { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { shape: [3], data: Int32Array.of(7, 8, 9) },
    ]);
  });

  test('has one row where the model does not batch', () => {
    const fixed = signature([{ name: 'x', datatype: 'FP32', shape: [4] }], false);
    expect(
      decode({ inputs: [{ name: 'x', datatype: 'FP32', shape: [4], data: [1, 2, 3, 4] }] }, fixed).rows,
    ).toBe(1);
  });

  test('may hold a scalar', () => {
    const scalar = signature([{ name: 'x', datatype: 'FP64', shape: [] }], false);
    const [input] = decode(
      { inputs: [{ name: 'x', datatype: 'FP64', shape: [], data: [2.5] }] },
      scalar,
    ).inputs;
    expect(input).toEqual({ shape: [], data: Float64Array.of(2.5) });
  });

  test('may carry parameters, members and nulls that mean nothing here', () => {
    const parameters = {
      priority: 1,
      timeout: 500,
      sequence_id: 'abc',
      sequence_start: true,
      content_type: null,
    };
    const json = pair({ parameters, extra: [1] }, { id: null, outputs: null, parameters, model_name: 'm' });
    expect(decode(json).inputs[0]!.data).toEqual(Float32Array.of(1, 2));
  });

  test.each([
    ['absent', {}, 0],
    ['null', { timeout: null }, 0],
    ['zero', { timeout: 0 }, 0],
    ['microseconds', { timeout: 1_500 }, 1_500],
    ['beside others', { priority: 2, timeout: 1_500 }, 1_500],
    ['a year', { timeout: 31_536_000_000_000 }, 31_536_000_000_000],
    ['the longest', { timeout: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER],
  ])('may say how long it is of use: %s', (_, parameters, timeoutUs) => {
    expect(decode(pair({}, { parameters })).timeoutUs).toBe(timeoutUs);
  });

  test.each([
    ['-1', '-1'],
    ['0.5', '0\\.5'],
    ['"500"', '"500"'],
    ['"soon"', '"soon"'],
    ['""', '""'],
    ['true', 'true'],
    ['false', 'false'],
    ['9007199254740993', '9007199254740992'],
    ['1e400', 'Infinity'],
  ])('is refused when the time that it names is %s', (timeout, got) => {
    const json = JSON.stringify(pair({}, { parameters: { timeout: 'T' } })).replace('"T"', timeout);
    const message = `^the request: parameter timeout must be a whole number of microseconds from 0 to \\d+, got ${got}$`;
    expectRefusal(() => decode(json), new RegExp(message));
  });

  test('may begin with a byte order mark', () => {
    expect(decode(`\uFEFF${JSON.stringify(pair())}`).rows).toBe(1);
  });

  test('may spell names with escapes', () => {
    expect(
      decode(JSON.stringify(pair()).replace('"x"', '"\\u0078"').replace('"data"', '"d\\u0061ta"')).rows,
    ).toBe(1);
  });

  test('takes the last of repeated members, as JSON.parse does', () => {
    const json =
      '{"inputs":1,"inputs":[{"name":"y","name":"x","shape":[1,2],"datatype":"FP32","data":[0],"data":[1,2]}]}';
    expect(decode(json).inputs[0]!.data).toEqual(Float32Array.of(1, 2));
  });

  test('cannot reach prototypes', () => {
    const json =
      '{"__proto__":{"id":5},"constructor":1,"inputs":[{"__proto__":{"data":[9,9]},"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}';
    const request = decode(json);
    expect(request.id).toBeUndefined();
    expect(request.inputs[0]!.data).toEqual(Float32Array.of(1, 2));
    expect(({} as { id?: unknown }).id).toBeUndefined();
    const odd = signature([{ name: '__proto__', datatype: 'BOOL', shape: [-1] }]);
    const tensor = '{"name":"__proto__","datatype":"BOOL","shape":[1],"data":[true]}';
    expect(decode(`{"inputs":[${tensor}]}`, odd).inputs[0]!.data).toEqual(Uint8Array.of(1));
    expectRefusal(() => decode(pair({ name: 'toString' })), /no input "toString"; it has "x"/);
  });
});

describe('a malformed request is refused:', () => {
  const tooDeep = '['.repeat(100_000);
  const cases: [name: string, body: string | Buffer, message: RegExp][] = [
    ['nothing', '', /not valid JSON/],
    ['broken JSON', '{"inputs":[', /not valid JSON/],
    ['text after the JSON', `${JSON.stringify(pair())} x`, /not valid JSON/],
    ['NaN', '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[NaN,1]}]}', /not valid JSON/],
    [
      'a control character in a string',
      JSON.stringify(pair()).replace('{', '{"id":"a\tb",'),
      /not valid JSON/,
    ],
    ['an array', '[]', /the request must be a JSON object, got an array of 0/],
    ['null', 'null', /the request must be a JSON object, got null/],
    ['a nesting bomb', tooDeep, /not valid JSON/],
    ['a closed nesting bomb', tooDeep + ']'.repeat(100_000), /must be a JSON object, got an array of 1/],
    [
      'a nesting bomb as data',
      JSON.stringify(pair()).replace('[1,2]}', `${tooDeep}${']'.repeat(100_000)}}`),
      /"x"/,
    ],
    [
      'invalid UTF-8',
      Buffer.from([...Buffer.from('{"id":"'), 0xff, ...Buffer.from('"}')]),
      /not valid UTF-8/,
    ],
  ];
  test.each(cases)('%s', (_, body, message) => {
    expectRefusal(() => decodeRequest(Buffer.from(body), undefined, PAIRS), message);
  });
});

describe('members of the wrong type are refused:', () => {
  const cases: [name: string, json: unknown, message: RegExp][] = [
    ['no inputs', {}, /inputs must be an array of at least one tensor, got nothing/],
    ['inputs that are no array', { inputs: { x: 1 } }, /inputs must be an array .* got an object/],
    ['empty inputs', { inputs: [] }, /inputs must be an array of at least one tensor, got an array of 0/],
    ['an input that is no object', { inputs: [3] }, /inputs\[0\] must be a JSON object, got 3/],
    ['a nameless input', pair({ name: undefined }), /inputs\[0\]: name must be a string, got nothing/],
    ['a misnamed input', pair({ name: 'X' }), /the model has no input "X"; it has "x"/],
    ['an input given twice', { inputs: [pair().inputs[0], pair().inputs[0]] }, /input "x" is given twice/],
    ['a numeric id', pair({}, { id: 7 }), /id must be a string, got 7/],
    ['outputs that are no array', pair({}, { outputs: 'label' }), /outputs must be an array, got "label"/],
    [
      'parameters that are no object',
      pair({}, { parameters: [1] }),
      /parameters must be a JSON object, got an array/,
    ],
    [
      'a nested parameter',
      pair({ parameters: { a: {} } }),
      /input "x": parameter "a" must be a string, number or/,
    ],
    [
      'a binary_data_output of 1',
      pair({}, { parameters: { binary_data_output: 1 } }),
      /binary_data_output must be true or/,
    ],
    [
      'a binary_data of "yes"',
      pair({}, { outputs: [{ name: 'label', parameters: { binary_data: 'yes' } }] }),
      /output "label": parameter binary_data must/,
    ],
    ['an unknown output', pair({}, { outputs: [{ name: 'x' }] }), /no output "x"; it has "label", "score"/],
    [
      'an output requested twice',
      pair({}, { outputs: [{ name: 'label' }, { name: 'label' }] }),
      /output "label" is requested twice/,
    ],
  ];
  test.each(cases)('%s', (_, json, message) => expectRefusal(() => decode(json), message));

  test('a missing input, by name', () => {
    const two = signature([...PAIRS.inputs, { name: 'y', datatype: 'BOOL', shape: [-1] }]);
    expectRefusal(() => decode(pair(), two), /lacks input "y"/);
  });

  test('unequal rows', () => {
    const two = signature([...PAIRS.inputs, { name: 'y', datatype: 'BOOL', shape: [-1] }]);
    const y = { name: 'y', datatype: 'BOOL', shape: [2], data: [true, false] };
    expectRefusal(
      () => decode({ inputs: [...pair().inputs, y] }, two),
      /input "y": expected 1 rows .* got 2/,
    );
  });
});

describe('a datatype is refused', () => {
  test.each([
    ['FP64', /input "x": expected datatype FP32, got FP64/],
    ['float', /expected datatype FP32, got "float", which is no datatype/],
    [undefined, /expected datatype FP32, got nothing, which is no datatype/],
    [32, /expected datatype FP32, got 32, which is no datatype/],
  ])('if it is %s', (datatype, message) => expectRefusal(() => decode(pair({ datatype })), message));
});

describe('a shape is refused', () => {
  test.each([
    ['if missing', undefined, /input "x": shape must be an array of numbers, got nothing/],
    ['if no array', 2, /shape must be an array of numbers, got 2/],
    ['of the wrong rank', [2], /expected 2 dimensions as in \[-1,2\], got 1 in \[2\]/],
    ['of enormous rank', new Array(100_000).fill(1), /expected 2 dimensions as in \[-1,2\], got 100000/],
    ['that contradicts a fixed dimension', [1, 3], /expected shape \[-1,2\] \(-1 is any\), got \[1,3\]/],
    ['with a zero', [0, 2], /whole numbers of at least 1, got 0 in \[0,2\]/],
    ['with a negative', [-1, 2], /whole numbers of at least 1, got -1/],
    ['with a fraction', [1.5, 2], /whole numbers of at least 1, got 1.5/],
    ['with a string', ['1', 2], /whole numbers of at least 1, got "1"/],
    ['with an array', [[[1]], 2], /whole numbers of at least 1, got an array of 1 in \[\[…\],2\]/],
    ['with a null', [null, 2], /whole numbers of at least 1, got null/],
    ['beyond exact integers', [1e300, 2], /whole numbers of at least 1, got 1e\+300/],
    ['whose product overflows', [2 ** 52, 2], /has more elements than any request can carry/],
    ['that asks for much more than there is', [2 ** 40, 2], /takes 2199023255552 elements, data has 2/],
  ])('%s', (_, shape, message) => expectRefusal(() => decode(pair({ shape })), message));
});

describe('requested outputs', () => {
  test('are all, in the order of the signature, if none is named', () => {
    const all = [
      { index: 0, binary: false },
      { index: 1, binary: false },
    ];
    expect(decode(pair()).outputs).toEqual(all);
    expect(decode(pair({}, { outputs: [] })).outputs).toEqual(all);
  });

  test('come in the order of the request', () => {
    const outputs = [{ name: 'score' }, { name: 'label', parameters: { binary_data: true, priority: 3 } }];
    expect(decode(pair({}, { outputs })).outputs).toEqual([
      { index: 1, binary: false },
      { index: 0, binary: true },
    ]);
  });

  test.each(['classification', 'shared_memory_region'])(
    'are refused with %s, which is not supported',
    (name) => {
      const outputs = [{ name: 'label', parameters: { [name]: 3 } }];
      const message = `output "label": parameter ${name} is not supported`;
      expectRefusal(() => decode(pair({}, { outputs })), new RegExp(message));
    },
  );

  test('are binary as the request says, unless they say otherwise', () => {
    const parameters = { binary_data_output: true };
    expect(decode(pair({}, { parameters })).outputs).toEqual([
      { index: 0, binary: true },
      { index: 1, binary: true },
    ]);
    const outputs = [{ name: 'score', parameters: { binary_data: false } }, { name: 'label' }];
    expect(decode(pair({}, { parameters, outputs })).outputs).toEqual([
      { index: 1, binary: false },
      { index: 0, binary: true },
    ]);
  });
});
