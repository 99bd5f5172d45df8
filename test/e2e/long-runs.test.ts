/** Runs that take long: they do not make a worker look dead, whenever it turns out that they do. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { getJson, infer, outputsOf } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'slow', 'long-rows', 'suddenly-slow');
  repository.add('suddenly-slow', 'unsuspected');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
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
  it('answers a long run while its worker stays ACTIVE', async () => {
    expect(outputsOf(await slow(30_000))[0]?.data).toEqual([30_000]);
    const { workers } = (await getJson(`${server.url}/workers`)) as {
      workers: { id_model: string; status: string; error_count: number }[];
    };
    expect(workers.filter(({ id_model }) => id_model === 'slow')).toMatchObject([
      { status: 'ACTIVE', error_count: 0 },
    ]);
  });
});

describe('a model whose time depends on its input', () => {
  it('answers its quick inputs', async () => {
    expect(outputsOf(await longRows(2, 3))[0]).toMatchObject({ shape: [2, 3], data: Array(6).fill(0.1875) });
  });

  it('answers its slow ones too', async () => {
    const [long, short] = await Promise.all([longRows(18, 1_000), longRows(1, 1)]);
    expect([long.status, short.status]).toEqual([200, 200]);
  });

  const rounds = (count: number) => ({ name: 'rounds', datatype: 'INT64', shape: [1], data: [count] });

  it('answers all that wait while it is found out to be slow', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => infer(server, 'suddenly-slow', [rounds(10_000 + i)])),
    );
    expect(answers.map((answer) => outputsOf(answer)[0]?.data)).toEqual(
      Array.from({ length: 16 }, (_, i) => [10_000 + i]),
    );
  });

  const SAMPLE = 20_000;
  /** Of a run of the same model, now and on this machine, milliseconds. */
  const timeOf = async (count: number) => {
    const beganAt = performance.now();
    outputsOf(await infer(server, 'suddenly-slow', [rounds(count)]));
    return performance.now() - beganAt;
  };

  it('answers the very first slow one, though its worker is silent for longer than one may be', async () => {
    // Which is 600 ms; of one whose only worker is silent for 2 s more nothing more is expected.
    const count = Math.round((SAMPLE * 900) / (await timeOf(SAMPLE)));
    expect(outputsOf(await infer(server, 'unsuspected', [rounds(count)]))[0]?.data).toEqual([count]);
  });
});
