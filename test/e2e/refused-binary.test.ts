/** Binary tensors whose lengths do not add up: each is refused with 400 before a byte of it is taken for another's. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { binaryRequest, errorOf, post } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'two-inputs', 'text-echo');
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

describe('binary lengths', () => {
  const input = (size: unknown) => ({
    name: 'input',
    datatype: 'FP32',
    shape: [1, 30],
    parameters: { binary_data_size: size },
  });
  const refuse = async (document: object, tensors: number, headers: Record<string, string> = {}) => {
    const request = binaryRequest(document, new Uint8Array(tensors));
    const answer = await post(`${server.url}/v2/models/fraud/infer`, request.body, {
      ...request.headers,
      ...headers,
    });
    expect(answer.status).toBe(400);
    return errorOf(answer);
  };

  it.each([
    ['more than follows', 120, 100, 'input "input": binary_data_size is 120, but 100 bytes are left for it'],
    [
      'less than follows',
      120,
      130,
      "the inputs' binary_data_size adds up to 120, but 130 bytes follow the JSON",
    ],
    [
      'not that of the shape',
      116,
      116,
      'input "input": shape [1,30] of FP32 takes 120 bytes, binary_data_size is 116',
    ],
    ['zero', 0, 0, 'input "input": shape [1,30] of FP32 takes 120 bytes, binary_data_size is 0'],
    ['negative', -1, 0, 'input "input": parameters.binary_data_size must be a number of bytes, got -1'],
    [
      'a fraction',
      120.5,
      120,
      'input "input": parameters.binary_data_size must be a number of bytes, got 120.5',
    ],
    [
      'a string',
      '120',
      120,
      'input "input": parameters.binary_data_size must be a number of bytes, got "120"',
    ],
    [
      'beyond all bounds',
      2 ** 60,
      120,
      `input "input": parameters.binary_data_size must be a number of bytes, got ${2 ** 60}`,
    ],
  ])('%s', async (_, size, tensors, message) => {
    expect(await refuse({ inputs: [input(size)] }, tensors)).toBe(message);
  });

  it('beside data', async () => {
    expect(await refuse({ inputs: [{ ...input(120), data: zeros(30) }] }, 120)).toBe(
      'input "input": expected either data or parameters.binary_data_size, got both',
    );
  });

  it('with bytes behind the JSON that belong to nobody', async () => {
    const inJson = { name: 'input', datatype: 'FP32', shape: [1, 30], data: zeros(30) };
    expect(await refuse({ inputs: [inJson] }, 4)).toBe(
      "the inputs' binary_data_size adds up to 0, but 4 bytes follow the JSON",
    );
  });

  it.each([
    ['99999', 'inference-header-content-length is 99999, but the body has 220 bytes'],
    ['5', 'the request is not valid JSON'],
    ['-1', 'inference-header-content-length is not a number of bytes'],
    ['12.5', 'inference-header-content-length is not a number of bytes'],
    ['0x10', 'inference-header-content-length is not a number of bytes'],
    ['12, 12', 'inference-header-content-length is not a number of bytes'],
    ['99999999999999999999', 'inference-header-content-length is not a number of bytes'],
  ])('with the header length %s', async (length, message) => {
    const headers = { 'inference-header-content-length': length };
    expect(await refuse({ inputs: [input(120)] }, 120, headers)).toContain(message);
  });

  it.each([
    [116, 'input "input": expected 120 bytes for FP32 of shape [1,30], got 116'],
    [240, 'input "input": expected 120 bytes for FP32 of shape [1,30], got 240'],
  ])('of a raw request of %d bytes', async (bytes, message) => {
    const headers = { 'inference-header-content-length': '0' };
    const answer = await post(`${server.url}/v2/models/fraud/infer`, new Uint8Array(bytes), headers);
    expect([answer.status, errorOf(answer)]).toEqual([400, message]);
  });

  it('of a raw request for a model of two inputs', async () => {
    const headers = { 'inference-header-content-length': '0' };
    const answer = await post(`${server.url}/v2/models/two-inputs/infer`, new Uint8Array(12), headers);
    expect([answer.status, errorOf(answer)]).toEqual([
      400,
      'a raw binary request needs a model with one input; this one has 2',
    ]);
  });

  it.each<[string, readonly number[], string]>([
    ['a length beyond the end', [255, 255, 255, 255], 'only 0, the next one claims 4294967295 bytes'],
    ['half a length', [1, 0], 'fewer'],
    ['a byte too many', [1, 0, 0, 0, 65, 66], '1 bytes more'],
    ['no valid UTF-8', [1, 0, 0, 0, 255], 'element 0 must be valid UTF-8'],
  ])('of strings with %s', async (_, bytes, message) => {
    const text = {
      name: 'text',
      datatype: 'BYTES',
      shape: [1],
      parameters: { binary_data_size: bytes.length },
    };
    const { body, headers } = binaryRequest({ inputs: [text] }, Uint8Array.from(bytes));
    const answer = await post(`${server.url}/v2/models/text-echo/infer`, body, headers);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatch(/^input "text": /);
    expect(errorOf(answer)).toContain(message);
  });
});
