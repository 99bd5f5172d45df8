/**
 * The fast path and the HTTP server give the same answers, however the bytes of a request are cut. A connection that
 * begins with a request for something else is the HTTP server's, which is how both are asked here.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { inferText, postHead, type RawAnswer, RawConnection } from '../support/raw-connection.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const LIVE = 'GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n';
const PATH = '/v2/models/echo/infer';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'echo');
  server = await startServer({
    repository: repository.path,
    flags: ['--replicas', '1', '--max-body-bytes', '60000'],
  });
  neighbour = await startNeighbour(server);
});
afterEach(() => neighbour.isServed());
afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const onPath = (parser: 'fast' | 'standard') => metric(server, 'turntable_connections', { parser });
const tensor = (...values: number[]) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [values.length, 1], data: values }],
});
const inferOf = (count: number, ...headers: readonly string[]) =>
  inferText('echo', tensor(...Array.from({ length: count }, (_, i) => i)), ...headers);

/** The answer but for what differs from one request to the next. */
function lasting({ status, head, body }: RawAnswer): RawAnswer {
  const lines = head.split('\r\n').map((line) => line.replace(/^(date|x-request-id): .*/i, '$1: …'));
  return { status, head: lines.join('\n'), body };
}

/** Sends the parts one after the other, each once the one before has left. */
async function ask(parts: readonly (string | Uint8Array)[], parser: 'fast' | 'standard'): Promise<RawAnswer> {
  const connection = await RawConnection.open(server);
  try {
    if (parser === 'standard') await connection.send(LIVE).then(() => connection.answer(0));
    for (const part of parts) await connection.send(part);
    return lasting(await connection.answer(parser === 'standard' ? 1 : 0));
  } finally {
    connection.destroy();
  }
}

describe('a request', () => {
  const binary = Buffer.alloc(8);
  binary.writeFloatLE(1.5, 0);
  const json = JSON.stringify({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 1], parameters: { binary_data_size: 8 } }],
  });
  const about = (...lines: string[]) => postHead(PATH, 'Content-Type: application/json', ...lines);
  it.each<[string, number, string | Uint8Array]>([
    ['of one row', 200, inferOf(1)],
    ['of many rows, whose answer is long', 200, inferOf(9_000)],
    ['with an id', 200, inferOf(1, 'X-Request-Id: mine')],
    ['with a time and a priority', 200, inferOf(1, 'X-Request-Timeout-Ms: 5000', 'x-request-priority: 7')],
    ['for a version', 200, inferOf(1).replace('/echo/', '/echo/versions/1/')],
    ['with a query', 200, inferOf(1).replace('/infer', '/infer?a=b')],
    ['with an escaped name', 200, inferOf(1).replace('/echo/', '/%65cho/')],
    [
      'in binary',
      200,
      Buffer.concat([
        Buffer.from(
          postHead(
            PATH,
            'Content-Type: application/octet-stream',
            `Inference-Header-Content-Length: ${json.length}`,
            `Content-Length: ${json.length + 8}`,
          ) + json,
        ),
        binary,
      ]),
    ],
    ['that is not JSON', 400, `${about('Content-Length: 3')}{"a`],
    ['of another kind', 415, `${postHead(PATH, 'Content-Type: text/plain', 'Content-Length: 2')}{}`],
    ['with no time', 400, inferOf(1, 'X-Request-Timeout-Ms: 0')],
    ['with a priority that there is not', 400, inferOf(1, 'X-Request-Priority: 8')],
    [
      'whose JSON is said to be longer than it is',
      400,
      `${about('Inference-Header-Content-Length: 9', 'Content-Length: 2')}{}`,
    ],
    ['that is too large', 413, `${about('Content-Length: 60001')}${' '.repeat(60_001)}`],
    ['for a model that nobody serves', 404, inferOf(1).replace('/echo/', '/nobody/')],
    ['for a version that there is not', 404, inferOf(1).replace('/echo/', '/echo/versions/9/')],
  ])('%s has the same answer', async (_, status, request) => {
    const answer = await ask([request], 'fast');
    expect(answer.status).toBe(status);
    expect(answer).toEqual(await ask([request], 'standard'));
  });

  it('has the same answer wherever it is cut', async () => {
    const random = seededRandom(7);
    const request = inferOf(40);
    const whole = await ask([request], 'fast');
    expect(whole.status).toBe(200);
    for (let round = 0; round < 60; round++) {
      const cuts = Array.from({ length: 3 }, () => random.below(request.length)).sort((a, b) => a - b);
      const parts = [0, ...cuts].map((cut, i) => request.slice(cut, cuts[i]));
      expect(await ask(parts.filter(Boolean), 'fast'), `cut at ${cuts}`).toEqual(whole);
    }
  });
});

describe('a connection', () => {
  it('is on the fast path for as long as only ordinary requests come', async () => {
    // Many, since those of the metrics and of the neighbour come and go.
    const MANY = 30;
    const SOME = 20;
    const before = { fast: await onPath('fast'), standard: await onPath('standard') };
    const connections = await Promise.all(Array.from({ length: MANY }, () => RawConnection.open(server)));
    const all = async (index: number, text: string) => {
      for (const connection of connections) await connection.send(text);
      for (const connection of connections) expect((await connection.answer(index)).status).toBe(200);
    };
    await all(0, inferOf(1));
    await all(1, inferOf(2));
    expect(await onPath('fast')).toBeGreaterThan(before.fast + SOME);
    await all(2, LIVE);
    expect(await onPath('fast')).toBeLessThan(before.fast + MANY - SOME);
    expect(await onPath('standard')).toBeGreaterThan(before.standard + SOME);
    await all(3, inferOf(3));
    for (const connection of connections) connection.destroy();
    const gone = async () => (await onPath('standard')) < before.standard + MANY - SOME;
    await eventually('them to be let go', gone);
  });

  it('on which requests come ahead of the answers answers all of them in order', async () => {
    const connection = await RawConnection.open(server);
    const requests = Array.from({ length: 200 }, (_, i) => inferOf((i % 40) + 1, `X-Request-Id: ${i}`));
    await connection.send(requests.slice(0, 100).join(''));
    for (const request of requests.slice(100)) await connection.send(request);
    await connection.answer(199);
    for (const [i, { status, head, body }] of connection.answers().entries()) {
      expect(status).toBe(200);
      expect(head).toContain(`x-request-id: ${i}`);
      expect(JSON.parse(body).outputs[0].shape).toEqual([(i % 40) + 1, 1]);
    }
    connection.destroy();
  });

  it('goes on after a refused request, whose body is dropped', async () => {
    const connection = await RawConnection.open(server);
    const refused = `${postHead(PATH, 'Content-Type: text/plain', 'Content-Length: 50000')}${inferOf(1).repeat(300).slice(0, 50_000)}`;
    for (let i = 0; i < 4; i += 2) {
      await connection.send(refused.slice(0, 20_000));
      await connection.answer(i);
      await connection.send(refused.slice(20_000) + inferOf(1));
      await connection.answer(i + 1);
    }
    expect(connection.answers().map(({ status }) => status)).toEqual([415, 200, 415, 200]);
    connection.destroy();
  });

  it('of a client that does not read waits, and then gets all', async () => {
    const connection = await RawConnection.open(server);
    connection.pause();
    const count = 60;
    const text = inferOf(6_000);
    for (let i = 0; i < count; i++) void connection.send(text);
    await neighbour.isServed();
    connection.resume();
    await connection.answer(count - 1);
    expect(connection.answers().every(({ status }) => status === 200)).toBe(true);
    connection.destroy();
  });
});
