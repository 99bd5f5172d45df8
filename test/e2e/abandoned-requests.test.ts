/** Requests that nobody waits for any more, because the client left or its time is up: they are not run. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { errorOf, getJson, infer, outputsOf } from '../support/oip-client.ts';
import { inferText, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'slow');
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

const REQUEST_TIMEOUT_MS = 3_000;
/** About a fifth of a second of work. */
const ROUNDS = 8_000;
const rounds = (count: number) => ({ name: 'rounds', datatype: 'INT64', shape: [1], data: [count] });
const SLOW_TEXT = inferText('slow', { inputs: [rounds(ROUNDS)] });
const inFlight = () => metric(server, 'turntable_requests_in_flight', { model: 'slow' });
const ended = () => metric(server, 'turntable_requests_total', { model: 'slow' });
const left = () => metric(server, 'turntable_requests_total', { model: 'slow', status: '499' });

async function timeOfOne(): Promise<number> {
  const start = performance.now();
  expect(outputsOf(await infer(server, 'slow', [rounds(ROUNDS)]))[0]?.data).toEqual([ROUNDS]);
  return performance.now() - start;
}

describe('sixty requests whose clients leave', () => {
  const ABANDONED = 60;

  it.each([
    ['each on a connection of its own', 1],
    ['six on a connection, one behind the other', 6],
  ])('%s are not run before the request of a client that stays', async (_, each) => {
    const one = await timeOfOne();
    const before = { left: await left(), ended: await ended() };
    const connections = await Promise.all(
      Array.from({ length: ABANDONED / each }, () => RawConnection.open(server)),
    );
    // A connection that begins with something else is the HTTP server's, which lets in what comes at once at once.
    const first = each > 1 ? 'GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n' : '';
    for (const connection of connections) void connection.send(first + SLOW_TEXT.repeat(each));
    // On a busy machine some are answered before the last have come.
    const answered = await eventually('all to have come', async () => {
      const done = (await ended()) - before.ended;
      return done + (await inFlight()) >= ABANDONED ? { done } : undefined;
    });
    for (const connection of connections) connection.destroy();
    const waited = await timeOfOne();
    // It waits for the run that cannot be stopped and for its own: half of all would be fifteen times as much.
    expect(waited).toBeLessThan((one * ABANDONED) / 2);
    await eventually('none to be in flight', async () => (await inFlight()) === 0);
    expect(answered.done).toBeLessThan(ABANDONED / 2);
    expect((await left()) - before.left).toBeGreaterThan(ABANDONED / 2);
  });

  it('leave no request behind in the process control table', async () => {
    await eventually('current_requests to be 0', async () => {
      const { workers } = (await getJson(`${server.url}/workers`)) as {
        workers: { id_model: string; current_requests: number }[];
      };
      return workers.every((row) => row.id_model !== 'slow' || row.current_requests === 0);
    });
    expect(await metric(server, 'turntable_requests_waiting')).toBe(0);
    expect(await metric(server, 'turntable_buffered_request_bytes')).toBeLessThan(SLOW_TEXT.length * 4);
  });
});

describe('a client that leaves', () => {
  it('with the answer half read does not disturb the next one', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(SLOW_TEXT);
    await eventually('it to be under way', async () => (await inFlight()) === 1);
    connection.destroy();
    expect(outputsOf(await infer(server, 'slow', [rounds(3)]))[0]?.data).toEqual([3]);
  });

  it('by a signal of its own sees its request end, and the server goes on', async () => {
    const before = await left();
    const leaving = new AbortController();
    const request = fetch(`${server.url}/v2/models/slow/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [rounds(ROUNDS)] }),
      signal: leaving.signal,
    });
    request.catch(() => {});
    await eventually('it to be under way', async () => (await inFlight()) === 1);
    leaving.abort();
    await expect(request).rejects.toThrow();
    await eventually('the departure to be counted', async () => (await left()) === before + 1);
    await timeOfOne();
  });
});

describe('sixty requests that would take longer together than one may', () => {
  it('are answered or end with 504 by the time that they have, and hold nobody up after that', async () => {
    const one = await timeOfOne();
    const start = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => infer(server, 'slow', [rounds(4 * ROUNDS)])),
    );
    const took = performance.now() - start;
    const late = answers.filter(({ status }) => status === 504);
    const others = answers.filter(({ status }) => status !== 200 && status !== 504);
    expect(others.map(({ status, body }) => `${status} ${body}`)).toEqual([]);
    expect(late.length).toBeGreaterThan(0);
    for (const answer of late)
      expect(errorOf(answer)).toMatch(/3000 ms|left of its time|time for this request/);
    // The time that they have, and a few runs on a busy machine: all of them would be 240 times the one.
    expect(took).toBeLessThan(2 * REQUEST_TIMEOUT_MS + 20 * one);
    await timeOfOne();
  });
});
