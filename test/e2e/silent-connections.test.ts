/** Hundreds of connections that are opened and then left: bounded, timed out, and nobody else has to wait for them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { inferText, postHead, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const CONNECTIONS = 200;
const HELD_BYTES = 10_000;
const PATH = '/v2/models/echo/infer';
const HALF_A_BODY = postHead(PATH, `Content-Length: ${2 * HELD_BYTES}`) + 'x'.repeat(HELD_BYTES);
const REQUEST = inferText('echo', { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [5] }] });

let repository: TemporaryRepository;
let server: TestServer;
/** Behaves, beside all that follows. */
let neighbour: Neighbour;

beforeAll(() => {
  repository = temporaryRepository('fraud', 'echo');
});
afterAll(() => repository?.remove());

/** For the tests of one `describe`. */
function serverWith(...flags: readonly string[]): void {
  beforeAll(async () => {
    server = await startServer({ repository: repository.path, flags: ['--replicas', '1', ...flags] });
    neighbour = await startNeighbour(server);
  });
  afterAll(async () => {
    await neighbour?.stop();
    await server?.close();
  });
}

function open(count: number): Promise<readonly RawConnection[]> {
  return Promise.all(Array.from({ length: count }, () => RawConnection.open(server)));
}

describe(`${CONNECTIONS} connections that are left`, () => {
  serverWith('--headers-timeout-ms', '1500', '--receive-timeout-ms', '2000', '--keep-alive-ms', '2500');

  it.each([
    ['having sent nothing', '', [408]],
    ['within the head', `POST ${PATH} HTTP/1.1\r\nHost: loc`, [408]],
    ['before the body', postHead(PATH, 'Content-Length: 10'), [408]],
    ['within the body', HALF_A_BODY, [408]],
    ['within a body in chunks', `${postHead(PATH, 'Transfer-Encoding: chunked')}ff\r\nabc`, [408]],
    ['after an answer', REQUEST, [200]],
    ['after an answer, within the next head', `${REQUEST}POST /v2`, [200, 408]],
  ])('%s are timed out, and a client beside them is served all the while', async (_, bytes, statuses) => {
    const files = () => metric(server, 'process_open_fds');
    const before = await files();
    const connections = await open(CONNECTIONS);
    for (const connection of connections) await connection.send(bytes);
    await neighbour.isServed();
    await eventually('all to be closed', () => connections.every(({ closed }) => closed));
    await neighbour.isServed();
    for (const connection of connections) {
      expect(connection.answers().map(({ status }) => status)).toEqual(statuses);
    }
    // What came from elsewhere in the meantime, a metric's own connection say, may stay.
    await eventually('all to be let go', async () => (await files()) < before + 10);
    expect(await metric(server, 'turntable_buffered_request_bytes')).toBeLessThan(HELD_BYTES);
    expect(await metric(server, 'turntable_requests_in_flight', { model: 'echo' })).toBe(0);
  });
});

describe('connections above --max-connections', () => {
  const MAX = 20;
  /** Those of who behaves, and of the readiness probe that waited for the server. */
  const OTHERS = 3;
  serverWith('--max-connections', String(MAX));

  it('are closed at once; those within are served, and make room when they go', async () => {
    await neighbour.isServed();
    const connections = await open(2 * MAX);
    const alive = () => connections.filter(({ closed }) => !closed);
    await eventually('those above to be closed', () => alive().length <= MAX);
    // The last of those above may still be on their way out, as the others hold places too: an answer tells who is within.
    for (const connection of alive()) await connection.send(REQUEST);
    const settled = (one: RawConnection) => one.closed || one.answers().length > 0;
    await eventually('each to be answered or closed', () => connections.every(settled));
    const within = alive();
    expect(within.length).toBeLessThanOrEqual(MAX);
    expect(within.length).toBeGreaterThanOrEqual(MAX - OTHERS);
    for (const connection of within) expect((await connection.answer()).status).toBe(200);
    await neighbour.isServed();
    expect(connections.filter(({ closed }) => closed).flatMap((one) => one.answers())).toEqual([]);

    for (const connection of within) connection.destroy();
    await eventually('one to be let in again', async () => {
      const [connection] = await open(1);
      await connection?.send(REQUEST);
      await eventually('an end', () => connection?.closed || connection?.answers().length);
      connection?.destroy();
      return connection?.answers()[0]?.status === 200;
    });
    await neighbour.isServed();
  });
});
