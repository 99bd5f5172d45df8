import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATATYPES, type Datatype, type ModelSignature, type TensorData } from '../../oip/tensor.ts';
import { decodeRequest } from './decode-request.ts';
import { InvalidRequest } from './invalid-request.ts';
import { parseRequest } from './parse-request.ts';
import type { ParsedRequest } from './parsed-request.ts';
import { scanRequest } from './scan-request.ts';
import { planOf } from './signature-plan.ts';
import { binaryBytes } from './write-binary.ts';

const RUNS = { seed: 20260104, numRuns: 6000 };

const FRAUD: ModelSignature = {
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 3] }],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
  ],
  batchable: true,
};

function scan(json: string, signature = FRAUD): ParsedRequest | undefined {
  const body = Buffer.from(json);
  return scanRequest(body, body.length, planOf(signature));
}

describe('the scanner takes', () => {
  const input = { name: 'input', shape: [2, 3], datatype: 'FP32' };
  const flat = { ...input, data: [-1.3598071336738, 2e-5, 0, 149.62, -0.0, 3] };
  const outputs = [{ name: 'probabilities', parameters: { binary_data: false } }, { name: 'label' }];
  test.each([
    ['compact JSON', JSON.stringify({ inputs: [flat] })],
    ['indented JSON', JSON.stringify({ inputs: [flat] }, null, 2)],
    [
      'JSON with spaces and a newline at the end',
      `${JSON.stringify({ inputs: [flat] }).replaceAll(/([,:])/g, '$1 ')}\n`,
    ],
    [
      'nested data',
      JSON.stringify({
        id: 'a-1',
        inputs: [
          {
            ...input,
            data: [
              [1, 2, 3],
              [4, 5, 6],
            ],
          },
        ],
      }),
    ],
    [
      'the datatype before the shape',
      JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] }),
    ],
    ['requested outputs', JSON.stringify({ inputs: [flat], outputs })],
    ['binary outputs', JSON.stringify({ id: '', parameters: { binary_data_output: true }, inputs: [flat] })],
    ['a time-out', JSON.stringify({ parameters: { timeout: 250_000 }, inputs: [flat] })],
    [
      'all parameters that it knows',
      JSON.stringify({ inputs: [flat], parameters: { timeout: 0, binary_data_output: false } }),
    ],
    [
      'a binary input',
      JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: 24 } }], outputs }),
    ],
  ])('%s', (_, json) => {
    const scanned = scan(json);
    expect(scanned).toBeDefined();
    expect(scanned).toEqual(parseRequest(Buffer.from(json), planOf(FRAUD)));
  });

  test('inputs of every datatype', () => {
    for (const datatype of DATATYPES) {
      const element = datatype === 'BYTES' ? '"a"' : datatype === 'BOOL' ? 'true' : '1';
      const signature: ModelSignature = {
        inputs: [{ name: 'x', datatype, shape: [2] }],
        outputs: [],
        batchable: false,
      };
      const json = `{"inputs":[{"name":"x","shape":[2],"datatype":"${datatype}","data":[${element},${element}]}]}`;
      expect(scan(json, signature)).toEqual(parseRequest(Buffer.from(json), planOf(signature)));
    }
  });
});

describe('a memory claim beyond the body', () => {
  test('is not granted', () => {
    const json = '{"inputs":[{"name":"input","shape":[1000000000000,3],"datatype":"FP32","data":[1,2,3]}]}';
    expect(scan(json)).toBeUndefined();
  });
});

/** Mostly the usual, so that several choices together are often still plain. */
function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 15, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

const elements: Record<'number' | 'integer' | 'bool' | 'string', fc.Arbitrary<string>> = {
  number: mostly(
    fc.oneof(
      fc.tuple(fc.integer(), fc.nat(12)).map(([value, decimals]) => String(value / 10 ** decimals)),
      fc.float({ min: -1000, max: 1000, noNaN: true }).map(String),
    ),
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.constantFrom(
        '-0',
        '-0.0',
        '1e5',
        '1E+2',
        '65519',
        '65520',
        '3.5e38',
        '1e-400',
        '0.10000000149011612',
      ),
    ),
  ),
  integer: mostly(
    fc.nat(127).map(String),
    fc.oneof(
      fc.integer().map(String),
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 65n }).map(String),
      fc.constantFrom('-0', '-1', '127', '128', '65536', '2147483648', '1.0', '1e2', '9007199254740993'),
    ),
  ),
  bool: mostly(fc.constantFrom('true', 'false'), fc.constantFrom('1', '0', '2')),
  string: mostly(fc.stringMatching(/^\w{0,6}$/), fc.string({ unit: 'grapheme', maxLength: 3 })).map((text) =>
    JSON.stringify(text),
  ),
};

function elementOf(datatype: Datatype): fc.Arbitrary<string> {
  if (datatype === 'BYTES') return elements.string;
  if (datatype === 'BOOL') return elements.bool;
  return datatype.startsWith('FP') ? elements.number : elements.integer;
}

/** An input with rows of two, spelt in the ways that JSON leaves open; most of them plain. */
function inputOf(name: string, datatype: Datatype, rows: number): fc.Arbitrary<string> {
  return fc
    .record({
      data: fc.array(fc.array(elementOf(datatype), { minLength: 2, maxLength: 2 }), {
        minLength: rows,
        maxLength: rows,
      }),
      isNested: fc.boolean(),
      space: fc.constantFrom('', '', ' ', '\n\t '),
      order: mostly(fc.constantFrom('nsdv', 'ndsv'), fc.constantFrom('nsvd', 'snvd', 'nvsd', 'nsdvv')),
      extra: mostly(
        fc.constant(''),
        fc.constantFrom(',"parameters":{}', ',"parameters":{"binary_data_size":0}', ',"parameters":null'),
      ),
    })
    .map(({ data, isNested, space, order, extra }) => {
      const comma = `${space},${space}`;
      const list = data
        .map((row) => (isNested ? `[${space}${row.join(comma)}${space}]` : row.join(comma)))
        .join(comma);
      const members: Record<string, string> = {
        n: `"name"${space}:${space}${JSON.stringify(name)}`,
        s: `"shape":${space}[${rows}${comma}2]`,
        d: `"datatype":${space}"${datatype}"`,
        v: `"data"${space}:${space}[${space}${list}${space}]`,
      };
      return `{${space}${[...order].map((letter) => members[letter]).join(comma)}${extra}${space}}`;
    });
}

interface Drawn {
  readonly signature: ModelSignature;
  readonly json: string;
}

const drawn: fc.Arbitrary<Drawn> = fc
  .tuple(
    fc.array(
      fc.tuple(
        mostly(fc.constantFrom('x', 'y'), fc.constantFrom('z"\\', 'größe')),
        fc.constantFrom(...DATATYPES),
      ),
      { minLength: 1, maxLength: 2 },
    ),
    fc.integer({ min: 1, max: 2 }),
    mostly(
      fc.constantFrom(
        '',
        '"id":"r-1",',
        '"parameters":{"binary_data_output":true},',
        '"parameters":{"timeout":500},',
        '"parameters" : { "timeout":70 , "binary_data_output" :false},',
      ),
      fc.constantFrom(
        '"id":"ä\\n",',
        '"id":null,',
        '"parameters":{"timeout":5e3},',
        '"parameters":{"timeout":-1},',
        '"parameters":{"timeout":1,"timeout":2},',
        '"parameters":{"timeout":9007199254740993},',
      ),
    ),
    mostly(
      fc.constantFrom('', ' ', ',"id":""', ',"outputs":[{"name":"label","parameters":{"binary_data":true}}]'),
      fc.constantFrom(',"outputs":[]', ',"outputs":[{"name":"label"},{"name":"label"}]', ',"id":"late"'),
    ),
  )
  .chain(([tensors, rows, before, after]) => {
    const inputs = tensors.map(([name, datatype], i) => ({ name: `${name}${i}`, datatype, shape: [-1, 2] }));
    const signature = { inputs, outputs: FRAUD.outputs, batchable: true };
    const texts = inputs.map(({ name, datatype }) => inputOf(name, datatype, rows));
    return fc.tuple(...texts).map((list) => ({ signature, json: `{${before}"inputs":[${list}]${after}}` }));
  });

const PALETTE = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '0',
  '1',
  '9',
  '.',
  'e',
  '-',
  '+',
  't',
  'true',
  'null',
  '\\',
  '\\u0061',
  ' ',
  '\n',
  '\0',
  'ä',
  '[[',
  '""',
  ',"data":[1,2]',
];
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  removed: fc.nat(3),
  added: fc.oneof(
    fc.constantFrom(...PALETTE, '', '').map((text) => Buffer.from(text)),
    fc.nat(255).map((byte) => Buffer.from([byte])),
  ),
});

/** A request as the first `end` bytes of a body, in which the JSON may be damaged or declared too short. */
const damaged = fc
  .tuple(drawn, fc.array(mutation, { maxLength: 2 }), mostly(fc.constant(0), fc.nat(9)))
  .map(([{ signature, json }, mutations, cut]) => {
    let body = Buffer.from(json);
    for (const { at: share, removed, added } of mutations) {
      const at = Math.floor(share * body.length);
      body = Buffer.concat([body.subarray(0, at), added, body.subarray(at + removed)]);
    }
    return { signature, body, end: Math.max(body.length - cut, 0) };
  });

/** Something that is equal only if every bit is. */
function exactly({ inputs, ...rest }: ParsedRequest) {
  const bits = (data: TensorData | undefined) =>
    data && [data.constructor.name, binaryBytes(data).toString('hex')];
  return { ...rest, inputs: inputs.map(({ data, ...input }) => ({ ...input, data: bits(data) })) };
}

// The scanner may leave anything to the parser; what it takes, the parser must take too, and to the same effect.
test('what the scanner takes means the same to the parser, whole or damaged', () => {
  let taken = 0;
  fc.assert(
    fc.property(damaged, ({ signature, body, end }) => {
      const plan = planOf(signature);
      const scanned = scanRequest(body, end, plan);
      if (scanned === undefined) return;
      taken++;
      expect(exactly(scanned)).toEqual(exactly(parseRequest(body.subarray(0, end), plan)));
    }),
    RUNS,
  );
  // Else the property says little.
  expect(taken).toBeGreaterThan(RUNS.numRuns / 10);
});

test('a damaged request gives a result or InvalidRequest and nothing else', () => {
  let refused = 0;
  fc.assert(
    fc.property(damaged, ({ signature, body, end }) => {
      try {
        decodeRequest(body, end === body.length ? undefined : end, signature);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidRequest);
        refused++;
      }
    }),
    RUNS,
  );
  expect(refused).toBeGreaterThan(RUNS.numRuns / 10);
  expect(refused).toBeLessThan(RUNS.numRuns);
});
