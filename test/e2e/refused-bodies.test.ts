/** Bodies that are empty, broken, too large or of another kind: refused early, kept by nobody. */
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { binaryRequest, errorOf, infer, outputsOf, post, send } from '../support/oip-client.ts';
import { postHead, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const MAX_BODY_BYTES = 65_536;
const MAX_BUFFERED_BYTES = 100_000;

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;
let url: string;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'echo');
  const limits = [
    '--max-body-bytes',
    String(MAX_BODY_BYTES),
    '--max-buffered-bytes',
    String(MAX_BUFFERED_BYTES),
  ];
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1', ...limits] });
  neighbour = await startNeighbour(server);
  url = `${server.url}/v2/models/echo/infer`;
});

afterEach(async () => {
  await neighbour.isServed();
  await eventually('all bytes to be given back', async () => (await bufferedBytes()) < 2_000);
});

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const bufferedBytes = () => metric(server, 'turntable_buffered_request_bytes');
const REQUEST = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[5]}]}';

describe('a body that is no request', () => {
  it.each([
    ['nothing', '', 'the request has no body; POST {"inputs":[{"name","shape","datatype","data"}]}'],
    ['the beginning of JSON', '{"inputs":[{"name":"x"', 'the request is not valid JSON: '],
    ['two documents', `${REQUEST}${REQUEST}`, 'the request is not valid JSON: '],
    ['blanks', '   \n', 'the request is not valid JSON: '],
    ['a list', '[]', 'the request must be a JSON object, got an array of 0'],
    ['null', 'null', 'the request must be a JSON object, got null'],
    ['a string', '"inputs"', 'the request must be a JSON object, got "inputs"'],
    ['an empty object', '{}', 'inputs must be an array of at least one tensor, got nothing'],
    [
      'inputs that are no list',
      '{"inputs":{"name":"x"}}',
      'inputs must be an array of at least one tensor, got an object',
    ],
    ['inputs that are no tensors', '{"inputs":[5]}', 'inputs[0] must be a JSON object, got 5'],
    [
      'the API of another server',
      '{"instances":[[1]]}',
      'inputs must be an array of at least one tensor, got nothing',
    ],
    ['JSON with comments', `${REQUEST}// done`, 'the request is not valid JSON: '],
    ['thirty thousand brackets', '['.repeat(30_000), 'the request is not valid JSON: '],
    [
      'thirty thousand nested lists',
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      'the request must be a JSON object',
    ],
  ])('%s', async (_, body, message) => {
    const answer = await post(url, body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toContain(message);
    expect(errorOf(answer).length).toBeLessThan(500);
  });

  it('bytes that are not UTF-8', async () => {
    const answer = await post(url, Buffer.from('{"id":"\xff\xfe"}', 'latin1'));
    expect([answer.status, errorOf(answer)]).toEqual([400, 'the request is not valid UTF-8']);
  });

  it('a chunked body without a chunk', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(`${postHead('/v2/models/echo/infer', 'Transfer-Encoding: chunked')}0\r\n\r\n`);
    expect(await connection.answer()).toMatchObject({
      status: 400,
      body: expect.stringContaining('no body'),
    });
    connection.destroy();
  });

  it('a byte order mark in front is no mistake', async () => {
    expect(outputsOf(await post(url, `\ufeff${REQUEST}`))[0]?.data).toEqual([5]);
  });
});

describe('a body over the limit', () => {
  const columns = (MAX_BODY_BYTES - 4_096) / 4;
  const filled = (bytes: number) => {
    const { body, headers } = binaryRequest(
      {
        inputs: [
          { name: 'x', datatype: 'FP32', shape: [1, columns], parameters: { binary_data_size: columns * 4 } },
        ],
        parameters: { binary_data_output: true },
        id: 'x'.repeat(bytes),
      },
      new Uint8Array(columns * 4),
    );
    return { body, headers };
  };

  it('by one byte is refused, and at the limit is served', async () => {
    const room = MAX_BODY_BYTES - filled(0).body.length;
    const fits = filled(room);
    expect(fits.body.length).toBe(MAX_BODY_BYTES);
    expect((await post(url, fits.body, fits.headers)).status).toBe(200);
    const { body, headers } = filled(room + 1);
    const answer = await post(url, body, headers);
    expect(answer.status).toBe(413);
    expect(errorOf(answer)).toBe(`the body has ${MAX_BODY_BYTES + 1} bytes; the limit is ${MAX_BODY_BYTES}`);
  });

  it('is refused by its announced length before a byte of it has come', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(postHead('/v2/models/echo/infer', 'Content-Length: 1000000000'));
    const answer = await connection.answer();
    connection.destroy();
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toEqual({
      error: `the body has 1000000000 bytes; the limit is ${MAX_BODY_BYTES}`,
    });
  });

  it('is refused instead of the 100 that the client waits for', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(
      postHead('/v2/models/echo/infer', `Content-Length: ${MAX_BODY_BYTES + 1}`, 'Expect: 100-continue'),
    );
    expect((await connection.lastAnswer()).status).toBe(413);
    expect(connection.answers()).toHaveLength(1);
  });

  it('within the limit gets its 100', async () => {
    const connection = await RawConnection.open(server);
    const head = postHead(
      '/v2/models/echo/infer',
      `Content-Length: ${REQUEST.length}`,
      'Expect: 100-continue',
    );
    await connection.send(head);
    expect((await connection.answer(0)).status).toBe(100);
    await connection.send(REQUEST);
    expect((await connection.answer(1)).status).toBe(200);
    connection.destroy();
  });

  it('in endless chunks is refused when it passes the limit, and no more of it is kept', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(postHead('/v2/models/echo/infer', 'Transfer-Encoding: chunked'));
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    let most = 0;
    for (let sent = 0; sent < 200 && connection.answers().length === 0; sent++) {
      await connection.send(chunk);
      most = Math.max(most, await bufferedBytes());
    }
    const answer = await connection.answer();
    connection.destroy();
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body).error).toBe(
      `the body has more than ${MAX_BODY_BYTES} bytes, which is the limit`,
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(MAX_BODY_BYTES + 2_000);
  });

  // Were the connection closed while the client still writes, most clients would see a reset and try again.
  it('is answered with 413 also to a client that reads only when it has written all', async () => {
    const statuses: (number | string)[] = [];
    for (let turn = 0; turn < 8; turn++) {
      const sent = fetch(url, { method: 'POST', body: new Uint8Array(20_000_000) });
      statuses.push(await sent.then(({ status }) => status).catch((error: Error) => String(error.cause)));
    }
    expect(statuses).toEqual(Array(8).fill(413));
  });

  // Operators look for refused requests in this metric.
  it('is counted like every other answer', async () => {
    const refused = () => metric(server, 'turntable_requests_total', { model: 'echo', status: '413' });
    const before = await refused();
    const connection = await RawConnection.open(server);
    await connection.send(postHead('/v2/models/echo/infer', 'Content-Length: 1000000000'));
    await connection.answer();
    connection.destroy();
    expect(await refused()).toBe(before + 1);
  });
});

describe('more bytes at once than are allowed over all requests', () => {
  it('are refused with 503, and taken again when there is room', async () => {
    // One model may hold four fifths of 100,000.
    const holders: RawConnection[] = [];
    for (let i = 0; i < 2; i++) {
      const holder = await RawConnection.open(server);
      await holder.send(postHead('/v2/models/echo/infer', 'Content-Length: 38001'));
      await holder.send('x'.repeat(38_000));
      holders.push(holder);
    }
    await eventually('both to be held', async () => (await bufferedBytes()) >= 76_000);
    const large = { name: 'x', datatype: 'FP32', shape: [1, 10_000], data: Array(10_000).fill(0) };
    const refused = await infer(server, 'echo', [large]);
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('1');
    expect(errorOf(refused)).toContain('too many bytes');
    await neighbour.isServed();
    for (const holder of holders) holder.destroy();
    await eventually('room', async () => (await bufferedBytes()) < 2_000);
    expect((await infer(server, 'echo', [large])).status).toBe(200);
  });
});

describe('another kind of body', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/jsonlines',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    '*/*',
  ])('%s is refused with 415', async (type) => {
    const answer = await post(url, REQUEST, { 'content-type': type });
    expect(answer.status).toBe(415);
    expect(errorOf(answer)).toContain(`content-type "${type}" is not served`);
    expect(errorOf(answer)).toContain('application/json');
  });

  it.each(['gzip', 'deflate', 'br', 'zstd', 'gzip, identity'])(
    'encoded with %s is refused with 415',
    async (encoding) => {
      const answer = await post(url, gzipSync(REQUEST), { 'content-encoding': encoding });
      expect(answer.status).toBe(415);
      expect(errorOf(answer)).toBe(`content-encoding "${encoding}" is not served; send it plain`);
    },
  );

  it('encoded with identity is served', async () => {
    expect((await post(url, REQUEST, { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it('is not read where it was not asked for', async () => {
    const body = 'x'.repeat(200_000);
    // Else Node sends the body of a GET without a word of it: rubbish behind the request, on a connection that others use next.
    const headers = { 'content-length': body.length };
    for (let turn = 0; turn < 3; turn++) {
      const answer = await send(`${server.url}/v2/models/echo`, { method: 'GET', headers, body });
      expect(answer.status).toBe(200);
    }
  });
});
