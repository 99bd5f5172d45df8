/** Every datatype in and out, in JSON and in binary: what comes back is what was sent, to the last bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  binaryParts,
  binaryRequest,
  infer,
  type JsonTensor,
  outputsOf,
  post,
} from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;

beforeAll(async () => {
  repository = temporaryRepository('all-types', 'half', 'tokens', 'lookup', 'below-maximum');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
});

afterAll(async () => {
  await server?.close();
  repository?.remove();
});

/** Two elements of each type at the ends of its range: as JSON text, and as bytes. */
const ENDS: Readonly<Record<string, readonly [json: string, bytes: ArrayBufferView]>> = {
  BOOL: ['true,false', Uint8Array.of(1, 0)],
  UINT8: ['0,255', Uint8Array.of(0, 255)],
  UINT16: ['0,65535', Uint16Array.of(0, 65535)],
  UINT32: ['0,4294967295', Uint32Array.of(0, 4294967295)],
  UINT64: ['9007199254740993,18446744073709551615', BigUint64Array.of(9007199254740993n, 2n ** 64n - 1n)],
  INT8: ['-128,127', Int8Array.of(-128, 127)],
  INT16: ['-32768,32767', Int16Array.of(-32768, 32767)],
  INT32: ['-2147483648,2147483647', Int32Array.of(-2147483648, 2147483647)],
  INT64: ['-9223372036854775808,9223372036854775807', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
  FP32: ['-0.1,1e-45', Float32Array.of(-0.1, 1e-45)],
  FP64: ['0.1,1.7976931348623157e+308', Float64Array.of(0.1, 1.7976931348623157e308)],
  BYTES: ['"","Größe 🎉 \\"\\\\\\u0001"', strings('', 'Größe 🎉 "\\\u0001')],
};
const TYPES = Object.keys(ENDS);

function strings(...texts: readonly string[]): Uint8Array {
  return Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength);

/** A request with the data as this JSON text, since numbers beyond 2^53 have no other form in JavaScript. */
function jsonRequest(data: (type: string) => string, more = ''): Promise<Answer> {
  const inputs = TYPES.map((type) => {
    const name = `${type.toLowerCase()}_in`;
    return `{"name":"${name}","datatype":"${type}","shape":[2],"data":[${data(type)}]}`;
  });
  return post(`${server.url}/v2/models/all-types/infer`, `{"inputs":[${inputs.join(',')}]${more}}`);
}

/** The data of an output as text, exactly as the answer holds it. */
function jsonData(answer: Answer, type: string): string | undefined {
  if (answer.status !== 200) throw new Error(answer.body.toString());
  const name = `"name":"${type.toLowerCase()}_out"`;
  const text = answer.body.toString('utf8');
  return /"data":\[(.*?)\]\}/su.exec(text.slice(text.indexOf(name)))?.[1];
}

const binaryInputs = () =>
  TYPES.map((type) => ({
    name: `${type.toLowerCase()}_in`,
    datatype: type,
    shape: [2],
    parameters: { binary_data_size: ENDS[type]![1].byteLength },
  }));
const binaryBodies = () => TYPES.map((type) => new Uint8Array(bytesOf(ENDS[type]![1])));

describe('the ends of the range of every type', () => {
  it.each(TYPES)('%s in JSON, both ways', async (type) => {
    const answer = await jsonRequest((one) => ENDS[one]![0]);
    const data = jsonData(answer, type);
    if (type !== 'FP32') expect(data).toBe(ENDS[type]![0]);
    else expect(Float32Array.from(data!.split(','), Number)).toEqual(ENDS.FP32![1]);
  });

  it('in binary, both ways', async () => {
    const { body, headers } = binaryRequest(
      { inputs: binaryInputs(), parameters: { binary_data_output: true } },
      ...binaryBodies(),
    );
    const answer = await post(`${server.url}/v2/models/all-types/infer`, body, headers);
    const parts = binaryParts(answer);
    for (const [i, type] of TYPES.entries())
      expect([type, parts[i]]).toEqual([type, bytesOf(ENDS[type]![1])]);
  });

  it('in JSON and out in binary, and the other way round', async () => {
    const out = binaryParts(
      await jsonRequest((one) => ENDS[one]![0], ',"parameters":{"binary_data_output":true}'),
    );
    for (const [i, type] of TYPES.entries()) expect([type, out[i]]).toEqual([type, bytesOf(ENDS[type]![1])]);
    const { body, headers } = binaryRequest({ inputs: binaryInputs() }, ...binaryBodies());
    const answer = await post(`${server.url}/v2/models/all-types/infer`, body, headers);
    for (const type of ['INT64', 'UINT64', 'BYTES', 'BOOL', 'FP64']) {
      expect(jsonData(answer, type)).toBe(ENDS[type]![0]);
    }
  });

  it('nested in JSON and between whitespace', async () => {
    const body = ` {\r\n\t"inputs" : [ { "name" : "x", "datatype" : "INT64", "shape" : [ 2, 2 ],
      "data" : [ [ 9007199254740993, 0 ] , [ 0, -9223372036854775807 ] ] } ] }\n`;
    const answer = await post(`${server.url}/v2/models/below-maximum/infer`, body);
    expect(answer.body.toString()).toContain('"data":[0,0,9007199254740993,9223372036854775807]');
  });
});

describe('just beyond the range of a type', () => {
  it.each([
    ['BOOL', '2', 'true or false'],
    ['BOOL', '"true"', 'true or false'],
    ['UINT8', '256', '0 to 255'],
    ['UINT8', '-1', '0 to 255'],
    ['UINT16', '65536', '0 to 65535'],
    ['UINT32', '4294967296', '0 to 4294967295'],
    ['UINT64', '18446744073709551616', '0 to 18446744073709551615'],
    ['UINT64', '-1', '0 to 18446744073709551615'],
    ['INT8', '128', '-128 to 127'],
    ['INT16', '-32769', '-32768 to 32767'],
    ['INT32', '2147483648', '-2147483648 to 2147483647'],
    ['INT32', '0.5', '-2147483648 to 2147483647'],
    ['FP32', '3.4028236e38', '3.4028235e38'],
    ['FP64', '1e309', '1.7976931348623157e308'],
    ['BYTES', '5', 'a string'],
    ['BYTES', 'null', 'a string'],
  ])('%s %s', async (type, literal, expected) => {
    const answer = await jsonRequest((one) =>
      one === type ? `${ENDS[one]![0].split(',')[0]},${literal}` : ENDS[one]![0],
    );
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain(`input \\"${type.toLowerCase()}_in\\": element 1 must be`);
    expect(answer.body.toString()).toContain(expected);
  });

  it('BOOL as a byte that is neither 0 nor 1', async () => {
    const bodies = binaryBodies();
    bodies[0] = Uint8Array.of(1, 2);
    const { body, headers } = binaryRequest({ inputs: binaryInputs() }, ...bodies);
    const answer = await post(`${server.url}/v2/models/all-types/infer`, body, headers);
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain('element 1 must be 0 or 1 for BOOL, got 2');
  });
});

describe('FP16', () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001);
  const input = (more: object): JsonTensor => ({ name: 'fp16_in', datatype: 'FP16', shape: [4], ...more });

  // The binding of ONNX Runtime for Node finds no elements in its own float16 tensors where JavaScript has Float16Array.
  it('in JSON, both ways', async () => {
    const answer = await infer(server, 'half', [input({ data: [1, -2, 65504, 2 ** -24] })]);
    expect(outputsOf(answer)[0]?.data.map(Number)).toEqual([1, -2, 65504, expect.closeTo(2 ** -24, 10)]);
  });

  it('in binary, both ways', async () => {
    const document = {
      inputs: [input({ parameters: { binary_data_size: 8 } })],
      parameters: { binary_data_output: true },
    };
    const { body, headers } = binaryRequest(document, new Uint8Array(bits.buffer));
    const [out] = binaryParts(await post(`${server.url}/v2/models/half/infer`, body, headers));
    expect(out).toEqual(bytesOf(bits));
  });

  it('too large is refused', async () => {
    const answer = await infer(server, 'half', [input({ data: [1, 65520, 0, 0] })]);
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain(
      'element 1 must be a number that fits FP16 (magnitude up to 65504)',
    );
  });
});

describe('numbers that JSON has no way to write', () => {
  const index = (value: number) => [{ name: 'index', datatype: 'INT64', shape: [2], data: [1, value] }];

  it.each([
    [6, 'Infinity'],
    [7, 'NaN'],
  ])('are an error that says how to get them', async (value, written) => {
    const answer = await infer(server, 'lookup', index(value));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body.toString()).toContain(`output \\"y\\" contains ${written}`);
    expect(answer.body.toString()).toContain('binary_data');
  });

  it('come in binary as they are', async () => {
    const outputs = [{ name: 'y', parameters: { binary_data: true } }];
    for (const [value, expected] of [
      [6, Number.POSITIVE_INFINITY],
      [7, Number.NaN],
    ] as const) {
      const [y] = binaryParts(await infer(server, 'lookup', index(value), { outputs }));
      expect([y?.readFloatLE(0), y?.readFloatLE(4)]).toEqual([10, expected]);
    }
  });
});

describe('sequences of integers', () => {
  it.each([1, 2, 77, 5_000])('of %d elements', async (length) => {
    const data = Array.from({ length: 2 * length }, (_, i) => i);
    const [total] = outputsOf(
      await infer(server, 'tokens', [{ name: 'ids', datatype: 'INT64', shape: [2, length], data }]),
    );
    const sum = (from: number, to: number) => ((from + to - 1) * (to - from)) / 2;
    expect(total).toMatchObject({ shape: [2], data: [sum(0, length), sum(length, 2 * length)] });
  });

  it('of different lengths at the same time, each with its own sum', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const length = 1 + (i % 7);
        const data = Array(length).fill(i);
        return infer(server, 'tokens', [{ name: 'ids', datatype: 'INT64', shape: [1, length], data }]);
      }),
    );
    for (const [i, answer] of answers.entries())
      expect(outputsOf(answer)[0]?.data).toEqual([i * (1 + (i % 7))]);
  });
});
