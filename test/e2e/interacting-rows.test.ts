/** Models whose first dimension is no batch: two clients' rows must never meet in one run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson, infer, outputsOf } from '../support/oip-client.ts';
import { referenceSession } from '../support/reference-session.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const CLIENTS = 48;

let repository: TemporaryRepository;
let server: TestServer;

beforeAll(async () => {
  repository = temporaryRepository(
    'cumulative',
    'softmax-rows',
    'fixed-rows',
    'below-maximum',
    'wide-below-maximum',
    'picky-cumulative',
    'two-inputs',
  );
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
});

afterAll(async () => {
  await server?.close();
  repository?.remove();
});

const maxBatchSize = async (model: string) =>
  ((await getJson(`${server.url}/v2/models/${model}/config`)) as { max_batch_size: number }).max_batch_size;

/** What many clients at once get for their different rows, and what each gets from ONNX Runtime alone. */
async function together(
  model: string,
  input: { name: string; datatype: string; type: 'float32' | 'int64' },
  shapeOf: (client: number) => readonly number[],
  element: (client: number, i: number) => number,
) {
  await using session = await referenceSession(model);
  const inputs = Array.from({ length: CLIENTS }, (_, client) => {
    const shape = shapeOf(client);
    const count = shape.reduce((product, one) => product * one, 1);
    return { shape, data: Array.from({ length: count }, (_, i) => element(client, i)) };
  });
  const answers = await Promise.all(
    inputs.map(({ shape, data }) => infer(server, model, [{ ...input, shape, data }])),
  );
  const got = answers.map((answer) => outputsOf(answer)[0]!.data.map((one) => Math.fround(Number(one))));
  const alone: number[][] = [];
  for (const { shape, data } of inputs) {
    const typed = input.type === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
    const { y } = await session.run({ [input.name]: { type: input.type, data: typed, shape } });
    alone.push(Array.from(y!.data as Float32Array, Number));
  }
  return { got, alone };
}

const FP32 = { name: 'x', datatype: 'FP32', type: 'float32' } as const;
/** Quarters, whose sums are exact in any order: ONNX Runtime's depends on how the memory of a tensor is aligned. */
const spread = (client: number, i: number) => ((client * 31 + i * 17) % 23) / 4 - 1;

describe('rows that interact', () => {
  it.each(['cumulative', 'softmax-rows'])('%s is found out at its start and run singly', async (model) => {
    expect(await maxBatchSize(model)).toBe(0);
    const { got, alone } = await together(model, FP32, (client) => [1 + (client % 4), 2], spread);
    expect(got).toEqual(alone);
  });

  it('a fixed number of rows stays together', async () => {
    expect(await maxBatchSize('fixed-rows')).toBe(0);
    const { got, alone } = await together('fixed-rows', FP32, () => [4, 2], spread);
    expect(got).toEqual(alone);
    const one = await infer(server, 'fixed-rows', [
      { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
    ]);
    expect(one.status).toBe(400);
    expect(one.body.toString()).toContain('expected shape [4,2] (-1 is any), got [1,2]');
  });

  it('rows that do not interact are batched', async () => {
    expect(await maxBatchSize('two-inputs')).toBe(64);
  });

  // Were the rows that a warm-up makes up all equal, the largest would be every one's own and nothing would show.
  it('integers that interact are found out too', async () => {
    const int64 = { name: 'x', datatype: 'INT64', type: 'int64' } as const;
    const { got, alone } = await together(
      'below-maximum',
      int64,
      () => [1, 2],
      (client, i) => client * (i + 1),
    );
    expect(got).toEqual(alone);
  });

  // The warm-up's made-up floats repeat after 101: rows of so many, or of a multiple, are all equal.
  it('rows of 101 floats that interact are found out too', async () => {
    const { got, alone } = await together('wide-below-maximum', FP32, () => [1, 101], spread);
    expect(got).toEqual(alone);
  });

  // Made-up rows fail in it, which proves nothing of real ones.
  it('a model that refuses made-up rows is not trusted to keep rows apart', async () => {
    const int64 = { name: 'id', datatype: 'INT64', type: 'int64' } as const;
    const { got, alone } = await together(
      'picky-cumulative',
      int64,
      () => [1],
      (client) => 1000 + (client % 8),
    );
    expect(got).toEqual(alone);
  });
});
