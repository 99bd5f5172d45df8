/** Runs that take long: they do not make a worker look dead, and they do not outlive the request's time. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { errorOf, getJson, infer, outputsOf } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

const REQUEST_TIMEOUT_MS = 3_000;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'slow', 'long-rows');
  const flags = ['--replicas', '1', '--request-timeout-ms', String(REQUEST_TIMEOUT_MS)];
  server = await startServer({ repository: repository.path, flags });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const slow = (rounds: number) =>
  infer(server, 'slow', [{ name: 'rounds', datatype: 'INT64', shape: [1], data: [rounds] }]);
const longRows = (rows: number, length: number) =>
  infer(server, 'long-rows', [
    { name: 'x', datatype: 'FP32', shape: [rows, length], data: Array(rows * length).fill(0.5) },
  ]);

describe('a model that is slow from the start', () => {
  it('answers a run of most of a second while its worker stays ACTIVE', async () => {
    expect(outputsOf(await slow(30_000))[0]?.data).toEqual([30_000]);
    const { workers } = (await getJson(`${server.url}/workers`)) as {
      workers: { id_model: string; status: string; error_count: number }[];
    };
    expect(workers.filter(({ id_model }) => id_model === 'slow')).toMatchObject([
      { status: 'ACTIVE', error_count: 0 },
    ]);
  });

  it('answers what does not get its turn in time with 504, and nothing later than that', async () => {
    const start = performance.now();
    const answers = await Promise.all(Array.from({ length: 40 }, () => slow(15_000)));
    const took = performance.now() - start;
    const late = answers.filter(({ status }) => status === 504);
    expect(answers.filter(({ status }) => status === 200).length).toBe(answers.length - late.length);
    expect(late.length).toBeGreaterThan(0);
    for (const answer of late) expect(errorOf(answer)).toMatch(/3000 ms|ran out/);
    expect(took).toBeLessThan(2 * REQUEST_TIMEOUT_MS);
    expect((await slow(1)).status).toBe(200);
  });
});

describe('a model whose time depends on its input', () => {
  it('answers its quick inputs', async () => {
    expect(outputsOf(await longRows(2, 3))[0]).toMatchObject({ shape: [2, 3], data: Array(6).fill(0.1875) });
  });

  // The warm-up saw rows of one element, judged the model quick and runs it where it keeps pings from being
  // answered: the gateway takes the worker for dead, sends the request three times and gives up with 502.
  it.fails('answers its slow ones too', async () => {
    const [long, short] = await Promise.all([longRows(18, 1_000), longRows(1, 1)]);
    expect([long.status, short.status]).toEqual([200, 200]);
  });
});
