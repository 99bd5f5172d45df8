/** Clients that stall, drip or vanish halfway: they are cut off in time, and what was held for them is given back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { binaryRequest, infer } from '../support/oip-client.ts';
import { inferText, postHead, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'echo', 'suddenly-slow');
  const timeouts = ['--receive-timeout-ms', '3000', '--headers-timeout-ms', '1500'];
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1', ...timeouts] });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const PATH = '/v2/models/echo/infer';
const HELD_BYTES = 50_000;
const HALF_A_BODY = postHead(PATH, `Content-Length: ${2 * HELD_BYTES}`) + 'x'.repeat(HELD_BYTES);
const heldBytes = () => metric(server, 'turntable_buffered_request_bytes');
const inFlight = () => metric(server, 'turntable_requests_in_flight', { model: 'echo' });
const isHeld = () => eventually('the bytes to be held', async () => (await heldBytes()) >= HELD_BYTES);
const isGivenBack = () =>
  eventually('the bytes to be given back', async () => (await heldBytes()) < HELD_BYTES / 2);
const answered = (status: string) => metric(server, 'turntable_requests_total', { model: 'echo', status });

describe.concurrent('a client that stalls gets 408 and is cut off', () => {
  it.each([
    ['having sent nothing', ''],
    ['within a header', 'POST /v2/models/echo/infer HTTP/1.1\r\nHost: loc'],
    ['before the blank line', postHead(PATH, 'Content-Length: 10').slice(0, -2)],
    ['before the body', postHead(PATH, 'Content-Length: 10')],
    ['within the body', HALF_A_BODY],
    ['within a chunk', `${postHead(PATH, 'Transfer-Encoding: chunked')}ff\r\nabc`],
    ['having been told to continue', postHead(PATH, 'Content-Length: 10', 'Expect: 100-continue')],
    ['within the body of a command', `${postHead('/v2/repository/index', 'Content-Length: 10')}{`],
  ])('%s', async (_, bytes) => {
    const connection = await RawConnection.open(server);
    await connection.send(bytes);
    expect((await connection.lastAnswer()).status).toBe(408);
  });

  it('though it drips a byte now and then', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(postHead(PATH, 'Content-Length: 100000'));
    await eventually('the end of the connection', async () => {
      await connection.send('x');
      return connection.closed;
    });
    expect(connection.answers()[0]?.status).toBe(408);
  });

  it('also on a connection that was served before', async () => {
    const x = { name: 'x', datatype: 'FP32', shape: [1, 1], data: [5] };
    const connection = await RawConnection.open(server);
    await connection.send(inferText('echo', { inputs: [x] }));
    await connection.answer();
    await connection.send(HALF_A_BODY);
    await connection.lastAnswer();
    expect(connection.answers().map(({ status }) => status)).toEqual([200, 408]);
  });
});

describe('a client that was cut off', () => {
  it('holds no bytes any more', async () => {
    await isGivenBack();
    await eventually('none to be in flight', async () => (await inFlight()) === 0);
  });

  it('was told the reason, and counts as 408', async () => {
    const [before, left] = [await answered('408'), await answered('499')];
    const connection = await RawConnection.open(server);
    await connection.send(HALF_A_BODY);
    const { body } = await connection.lastAnswer();
    expect([await answered('408'), await answered('499')]).toEqual([before + 1, left]);
    expect(JSON.parse(body)).toMatchObject({ error: expect.stringContaining('3000 ms') });
  });
});

describe('a client that vanishes halfway through its body', () => {
  it.each<[string, string]>([
    ['alone on its connection', HALF_A_BODY],
    [
      'behind a request that is still being answered',
      inferText('suddenly-slow', {
        inputs: [{ name: 'rounds', datatype: 'INT64', shape: [1], data: [20_000] }],
      }) + HALF_A_BODY,
    ],
  ])('%s gives its bytes back at once', async (_, bytes) => {
    const left = await answered('499');
    const connection = await RawConnection.open(server);
    await connection.send(bytes);
    await isHeld();
    connection.destroy();
    await isGivenBack();
    await eventually('the departure to be counted', async () => (await answered('499')) === left + 1);
  });

  it('again and again leaves nothing behind', async () => {
    for (let turn = 0; turn < 50; turn++) {
      const connection = await RawConnection.open(server);
      await connection.send(HALF_A_BODY);
      connection.destroy();
    }
    await isGivenBack();
    await eventually('none to be in flight', async () => (await inFlight()) === 0);
  });
});

describe('a client that takes its time and is in time', () => {
  it('is served, however its bytes are cut', async () => {
    const x = { name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] };
    const connection = await RawConnection.open(server);
    const text = inferText('echo', { inputs: [x] });
    for (const byte of text) await connection.send(byte);
    expect(await connection.answer()).toMatchObject({
      status: 200,
      body: expect.stringContaining('[1,2,3]'),
    });
    connection.destroy();
  });

  it('is served with all of a large answer that it reads late', async () => {
    const columns = 1_000_000;
    const x = {
      name: 'x',
      datatype: 'FP32',
      shape: [1, columns],
      parameters: { binary_data_size: 4 * columns },
    };
    const data = Uint8Array.from({ length: 4 * columns }, (_, i) => (i % 4 === 3 ? 0 : i));
    const { body, headers } = binaryRequest({ inputs: [x], parameters: { binary_data_output: true } }, data);
    const connection = await RawConnection.open(server);
    connection.pause();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    await connection.send(postHead(PATH, `Content-Length: ${body.length}`, ...lines));
    await connection.send(body);
    const served = () => metric(server, 'turntable_requests_total', { model: 'echo', status: '200' });
    const before = await served();
    await eventually('the answer to be made', async () => (await served()) >= Math.max(before, 1));
    // Others are not held up by what it leaves unread.
    expect((await infer(server, 'echo', [{ ...x, shape: [1, 1], data: [5], parameters: {} }])).status).toBe(
      200,
    );
    connection.resume();
    const answer = await connection.answer();
    expect(Buffer.from(answer.body, 'latin1').subarray(-data.length).equals(data)).toBe(true);
    connection.destroy();
  });
});
