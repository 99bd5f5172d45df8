/** Requests whose tensors are wrong: each is refused with 400, names the tensor and what was expected. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { errorOf, infer, type JsonTensor, post } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'two-inputs', 'tokens', 'text-echo');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const zeros = (count: number) => Array<number>(count).fill(0);
const fraud = (more: object): JsonTensor => ({
  name: 'input',
  datatype: 'FP32',
  shape: [1, 30],
  data: zeros(30),
  ...more,
});
const x = { name: 'x', datatype: 'FP32', shape: [2, 3], data: zeros(6) };
const factor = { name: 'factor', datatype: 'INT32', shape: [2], data: zeros(2) };

async function refusal(model: string, inputs: readonly JsonTensor[], more?: object): Promise<string> {
  const answer = await infer(server, model, inputs, more);
  expect(answer.status).toBe(400);
  expect(answer.headers['content-type']).toBe('application/json');
  return errorOf(answer);
}

describe('inputs by name', () => {
  it.each<[string, readonly JsonTensor[], string]>([
    ['none', [], 'inputs must be an array of at least one tensor, got an array of 0'],
    ['one of two', [x], 'the request lacks input "factor"'],
    ['another name', [{ ...x, name: 'X' }, factor], 'the model has no input "X"; it has "x", "factor"'],
    [
      'one more',
      [x, factor, { ...x, name: 'extra' }],
      'the model has no input "extra"; it has "x", "factor"',
    ],
    ['the same twice', [x, x, factor], 'input "x" is given twice'],
    ['an output', [x, { ...factor, name: 'label' }], 'the model has no input "label"; it has "x", "factor"'],
    [
      'different row counts',
      [x, { ...factor, shape: [1], data: [0] }],
      'input "factor": expected 2 rows as in the inputs before it, got 1',
    ],
  ])('%s', async (_, inputs, message) => {
    expect(await refusal('two-inputs', inputs)).toBe(message);
  });

  it('a name of a megabyte is not sent back whole', async () => {
    const message = await refusal('fraud', [fraud({ name: 'n'.repeat(1_000_000) })]);
    expect(message.length).toBeLessThan(200);
  });

  it.each([
    ['a number', { name: 7 }, 'inputs[0]: name must be a string, got 7'],
    ['missing', { name: undefined }, 'inputs[0]: name must be a string, got nothing'],
    ['an object', { name: {} }, 'inputs[0]: name must be a string, got an object'],
    [
      'like a property of every object',
      { name: '__proto__' },
      'the model has no input "__proto__"; it has "input"',
    ],
  ])('a name that is %s', async (_, more, message) => {
    expect(await refusal('fraud', [fraud(more)])).toBe(message);
  });
});

describe('datatype', () => {
  it.each([
    ['FP64', 'input "input": expected datatype FP32, got FP64'],
    ['INT64', 'input "input": expected datatype FP32, got INT64'],
    ['fp32', 'input "input": expected datatype FP32, got "fp32", which is no datatype'],
    ['TYPE_FP32', 'input "input": expected datatype FP32, got "TYPE_FP32", which is no datatype'],
    [32, 'input "input": expected datatype FP32, got 32, which is no datatype'],
    [null, 'input "input": expected datatype FP32, got null, which is no datatype'],
    [undefined, 'input "input": expected datatype FP32, got nothing, which is no datatype'],
  ])('%j', async (datatype, message) => {
    expect(await refusal('fraud', [fraud({ datatype })])).toBe(message);
  });
});

describe('shape', () => {
  it.each([
    [[30], 'input "input": expected 2 dimensions as in [-1,30], got 1 in [30]'],
    [[1, 1, 30], 'input "input": expected 2 dimensions as in [-1,30], got 3 in [1,1,30]'],
    [[], 'input "input": expected 2 dimensions as in [-1,30], got 0 in []'],
    [[1, 29], 'input "input": expected shape [-1,30] (-1 is any), got [1,29]'],
    [[30, 1], 'input "input": expected shape [-1,30] (-1 is any), got [30,1]'],
    [[-1, 30], 'input "input": dimensions must be whole numbers of at least 1, got -1 in [-1,30]'],
    [[0, 30], 'input "input": dimensions must be whole numbers of at least 1, got 0 in [0,30]'],
    [[1.5, 30], 'input "input": dimensions must be whole numbers of at least 1, got 1.5 in [1.5,30]'],
    [['1', 30], 'input "input": dimensions must be whole numbers of at least 1, got "1" in ["1",30]'],
    [[null, 30], 'input "input": dimensions must be whole numbers of at least 1, got null in [null,30]'],
    [
      [2 ** 53, 30],
      'input "input": dimensions must be whole numbers of at least 1, got 9007199254740992 in [9007199254740992,30]',
    ],
    [
      [2 ** 52, 30],
      'input "input": shape [4503599627370496,30] has more elements than any request can carry',
    ],
    [[2 ** 32, 30], 'input "input": shape [4294967296,30] takes 128849018880 elements, data has 30'],
    [30, 'input "input": shape must be an array of numbers, got 30'],
    [null, 'input "input": shape must be an array of numbers, got null'],
    ['[1,30]', 'input "input": shape must be an array of numbers, got "[1,30]"'],
    [
      [[1], 30],
      'input "input": dimensions must be whole numbers of at least 1, got an array of 1 in [[…],30]',
    ],
  ])('%j', async (shape, message) => {
    expect(await refusal('fraud', [fraud({ shape })])).toBe(message);
  });

  it('too large for a double is no number', async () => {
    const body = '{"inputs":[{"name":"input","datatype":"FP32","shape":[1e999,30],"data":[0]}]}';
    const answer = await post(`${server.url}/v2/models/fraud/infer`, body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toContain('got Infinity in [Infinity,30]');
  });

  it('of many variable dimensions whose product overflows', async () => {
    const ids = { name: 'ids', datatype: 'INT64', shape: [3_037_000_500, 3_037_000_500], data: [1] };
    expect(await refusal('tokens', [ids])).toBe(
      'input "ids": shape [3037000500,3037000500] has more elements than any request can carry',
    );
  });
});

describe('data', () => {
  it.each([
    ['too little', zeros(29), 'input "input": shape [1,30] takes 30 elements, data has 29'],
    ['too much', zeros(31), 'input "input": shape [1,30] takes 30 elements, data has 31'],
    ['none', [], 'input "input": shape [1,30] takes 30 elements, data has 0'],
    [
      'a short row',
      [zeros(29)],
      'input "input": data must be flat or nested as its shape [1,30]; at depth 1 expected an array of 30, got an array of 29',
    ],
    [
      'a row too many',
      [zeros(30), zeros(30)],
      'input "input": data must be flat or nested as its shape [1,30]; at depth 0 expected an array of 1, got an array of 2',
    ],
    [
      'nested too deeply',
      [[zeros(30)]],
      'input "input": data must be flat or nested as its shape [1,30]; at depth 1 expected an array of 30, got an array of 1',
    ],
    ['a string', 'AAAA', 'input "input": data must be an array, got "AAAA"'],
    ['an object', { 0: 1 }, 'input "input": data must be an array, got an object'],
    ['null', null, 'input "input": data is missing, and so is parameters.binary_data_size'],
    ['missing', undefined, 'input "input": data is missing, and so is parameters.binary_data_size'],
  ])('%s', async (_, data, message) => {
    expect(await refusal('fraud', [fraud({ data })])).toBe(message);
  });

  const wanted = 'must be a number that fits FP32 (magnitude up to 3.4028235e38)';
  it.each([
    ['a string', '1.5', `input "input": element 3 ${wanted}, got "1.5"`],
    ['NaN as a string', 'NaN', `input "input": element 3 ${wanted}, got "NaN"`],
    ['null', null, `input "input": element 3 ${wanted}, got null`],
    ['a boolean', true, `input "input": element 3 ${wanted}, got true`],
    ['an array', [1], `input "input": element 3 ${wanted}, got an array of 1`],
    ['an object', {}, `input "input": element 3 ${wanted}, got an object`],
    ['beyond FP32', 3.5e38, `input "input": element 3 ${wanted}, got 3.5e+38`],
  ])('with %s where a number belongs', async (_, value, message) => {
    const data = zeros(30) as unknown[];
    data[3] = value;
    expect(await refusal('fraud', [fraud({ data })])).toBe(message);
  });

  it.each(['NaN', 'Infinity', '-Infinity', '1.', '.5', '+1', '0x10', '01', '1e', '1,,2', '1_000', '-'])(
    'with %s, which is not JSON',
    async (literal) => {
      const numbers = [literal, ...zeros(29)].join(',');
      const body = `{"inputs":[{"name":"input","datatype":"FP32","shape":[1,30],"data":[${numbers}]}]}`;
      const answer = await post(`${server.url}/v2/models/fraud/infer`, body);
      expect(answer.status).toBe(400);
      expect(errorOf(answer)).toMatch(/^the request is not valid JSON: /);
    },
  );

  const whole =
    'must be a whole number from -9223372036854775808 to 9223372036854775807 for INT64, in plain digits';
  it.each([
    ['1.5', 'got 1.5'],
    ['"1"', 'got "1"'],
    ['9223372036854775808', 'got 9223372036854775808'],
    ['-9223372036854775809', 'got -9223372036854775809'],
    ['1e400', 'got Infinity'],
  ])('with the integer %s', async (literal, got) => {
    const body = `{"inputs":[{"name":"ids","datatype":"INT64","shape":[1,2],"data":[7,${literal}]}]}`;
    const answer = await post(`${server.url}/v2/models/tokens/infer`, body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toBe(`input "ids": element 1 ${whole}, ${got}`);
  });

  it('with half a surrogate pair, which no string of UTF-8 can hold', async () => {
    const text = { name: 'text', datatype: 'BYTES', shape: [2], data: ['fine', '\ud83c'] };
    expect(await refusal('text-echo', [text])).toContain(
      'input "text": element 1 must be a string of whole Unicode characters for BYTES',
    );
  });

  // ONNX Runtime for Node ends a string at its first NUL, so the model would see another text than was sent.
  it('with a NUL inside of a string, of which the model would see the beginning alone', async () => {
    const text = { name: 'text', datatype: 'BYTES', shape: [2], data: ['fine', 'before\0after'] };
    expect(await refusal('text-echo', [text])).toBe('input "text": element 1 must be a string without NUL');
  });
});

describe('outputs and parameters', () => {
  it.each([
    [{ outputs: [{ name: 'score' }] }, 'the model has no output "score"; it has "label", "probabilities"'],
    [{ outputs: [{ name: 'label' }, { name: 'label' }] }, 'output "label" is requested twice'],
    [{ outputs: [{}] }, 'outputs[0]: name must be a string, got nothing'],
    [{ outputs: ['label'] }, 'outputs[0] must be a JSON object, got "label"'],
    [{ outputs: { name: 'label' } }, 'outputs must be an array, got an object'],
    [
      { outputs: [{ name: 'label', parameters: { binary_data: 'yes' } }] },
      'output "label": parameter binary_data must be true or false, got "yes"',
    ],
    [
      { parameters: { binary_data_output: 1 } },
      'the request: parameter binary_data_output must be true or false, got 1',
    ],
    [{ parameters: [] }, 'the request: parameters must be a JSON object, got an array of 0'],
    [
      { parameters: { a: { b: 1 } } },
      'the request: parameter "a" must be a string, number or boolean, got an object',
    ],
    [{ id: 5 }, 'id must be a string, got 5'],
    [{ id: ['a'] }, 'id must be a string, got an array of 1'],
  ])('%j', async (more, message) => {
    expect(await refusal('fraud', [fraud({})], more)).toBe(message);
  });
});
