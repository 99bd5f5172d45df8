/** Bytes on the HTTP port that no honest client sends: none of them may reach a worker, a neighbour or the process. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { infer, outputsOf, post, send } from '../support/oip-client.ts';
import { inferText, postHead, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'echo', 'suddenly-slow');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const PATH = '/v2/models/echo/infer';
const tensor = (value: number) => ({ name: 'x', datatype: 'FP32', shape: [1, 1], data: [value] });
const BODY = JSON.stringify({ inputs: [tensor(5)] });
const CHUNKED = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

/** Sends the bytes and gives the answers that came until the server closed the connection. */
async function refusal(bytes: Uint8Array | string): Promise<readonly number[]> {
  const connection = await RawConnection.open(server);
  await connection.send(bytes);
  await connection.lastAnswer();
  return connection.answers().map(({ status }) => status);
}

describe('a request whose end is in doubt is refused and its connection closed', () => {
  const length = `Content-Length: ${BODY.length}`;
  const second = inferText('echo', { inputs: [tensor(666)] });
  it.each<[string, readonly string[], string]>([
    ['two lengths', [length, 'Content-Length: 5'], BODY],
    ['the same length twice', [length, length], BODY],
    ['a list of lengths', [`Content-Length: ${BODY.length}, ${BODY.length}`], BODY],
    ['a length and chunks', [length, 'Transfer-Encoding: chunked'], CHUNKED],
    ['chunks and a length', ['Transfer-Encoding: chunked', length], CHUNKED],
    ['a length with a sign', [`Content-Length: +${BODY.length}`], BODY],
    ['a negative length', ['Content-Length: -1'], BODY],
    ['a length in hexadecimal', [`Content-Length: 0x${BODY.length.toString(16)}`], BODY],
    ['a length of twenty digits', ['Content-Length: 99999999999999999999'], BODY],
    ['chunks that are not the last coding', ['Transfer-Encoding: chunked, identity'], CHUNKED],
    ['chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNKED],
    ['a coding behind a tab', ['Transfer-Encoding:\x0bchunked'], CHUNKED],
    ['a blank before the colon', [`Content-Length : ${BODY.length}`], BODY],
    ['a folded header', [length, 'X-Folded: a\r\n b'], BODY],
    ['a carriage return alone', [length, 'X-Odd: a\rContent-Length: 0'], BODY],
    ['a NUL in a header', [length, 'X-Odd: a\0b'], BODY],
    ['a chunk size that is no number', ['Transfer-Encoding: chunked'], `zz\r\n${BODY}\r\n0\r\n\r\n`],
    [
      'a chunk size of seventeen digits',
      ['Transfer-Encoding: chunked'],
      `11111111111111111\r\n${BODY}\r\n0\r\n\r\n`,
    ],
    ['a chunk longer than its size', ['Transfer-Encoding: chunked'], `1\r\n${BODY}\r\n0\r\n\r\n`],
  ])('%s', async (_, headers, body) => {
    const answers = await refusal(
      postHead(PATH, 'Content-Type: application/json', ...headers) + body + second,
    );
    expect(answers).toEqual([400]);
  });

  it('no Host', async () => {
    expect(await refusal('GET /v2 HTTP/1.1\r\n\r\n')).toEqual([400]);
  });

  // RFC 9112, section 3.2: a request with more than one Host is to be refused, since proxies choose differently.
  it('two Hosts', async () => {
    const connection = await RawConnection.open(server);
    await connection.send('GET /v2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    const { status } = await connection.answer();
    connection.destroy();
    expect(status).toBe(400);
  });

  // RFC 9112, section 6.1: a transfer coding that is not understood is 501, not data to be taken as it is.
  it('a coding before chunked that nobody undoes', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(postHead(PATH, 'Transfer-Encoding: gzip, chunked') + CHUNKED);
    const { status } = await connection.answer();
    connection.destroy();
    expect([400, 501]).toContain(status);
  });
});

describe('what is no HTTP', () => {
  it.each<[string, Uint8Array | string]>([
    ['noise', Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 7919) % 251))],
    ['the beginning of TLS', Buffer.from('16030102000100 01fc0303'.replace(/ /g, ''), 'hex')],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['bare line feeds', 'GET /v2 HTTP/1.1\nHost: x\n\n'],
    ['another version', 'GET /v2 HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a method of a megabyte', 'G'.repeat(1_000_000)],
    ['a frame of the channel to a worker', Buffer.from('0c000000010000000000000054544c4201000000', 'hex')],
  ])('%s gets 400 and is cut off', async (_, bytes) => {
    expect(await refusal(bytes)).toEqual([400]);
  });

  it.each([
    ['a header of 20 kB', `GET /v2 HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`],
    ['a thousand headers', `GET /v2 HTTP/1.1\r\nHost: x\r\n${'X-Small: 0123456789\r\n'.repeat(1_000)}\r\n`],
    ['a path of 20 kB', `GET /v2/${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])('%s gets 431', async (_, text) => {
    expect(await refusal(text)).toEqual([431]);
  });

  it('CONNECT to elsewhere is cut off', async () => {
    const connection = await RawConnection.open(server);
    await connection.send('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n');
    await connection.lastAnswer().catch(() => undefined);
    expect(connection.closed).toBe(true);
  });

  it('an expectation other than 100-continue gets 417', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(postHead(PATH, 'Expect: a-miracle', 'Content-Length: 0'));
    expect((await connection.answer()).status).toBe(417);
    connection.destroy();
  });

  it('an offer to upgrade is ignored', async () => {
    const connection = await RawConnection.open(server);
    await connection.send(
      inferText('echo', { inputs: [tensor(5)] }, 'Connection: Upgrade', 'Upgrade: websocket'),
    );
    expect((await connection.answer()).status).toBe(200);
    connection.destroy();
  });
});

describe('a request id', () => {
  it.each([
    ['with a blank', 'one two'],
    ['with a quote', '"; rm -rf'],
    ['with a letter that is not ASCII', 'caf\u00e9'],
    ['with a tab', 'a\tb'],
    ['of 129 characters', 'x'.repeat(129)],
    ['that is empty', ''],
  ])('%s is not repeated, but replaced', async (_, id) => {
    const connection = await RawConnection.open(server);
    await connection.send(
      Buffer.from(inferText('echo', { inputs: [tensor(5)] }, `X-Request-Id: ${id}`), 'latin1'),
    );
    const { status, head } = await connection.answer();
    connection.destroy();
    expect(status).toBe(200);
    expect(/^x-request-id: (.*)$/im.exec(head)?.[1]).toMatch(/^gw-[\w-]+$/);
  });

  it('cannot bring a header of its own into the answer', async () => {
    const connection = await RawConnection.open(server);
    const header = 'X-Request-Id: a\rSet-Cookie: stolen=1';
    await connection.send(inferText('echo', { inputs: [tensor(5)] }, header));
    await connection.lastAnswer();
    expect(connection.answers().map(({ status }) => status)).toEqual([400]);
    expect(connection.answers()[0]?.head.toLowerCase()).not.toContain('set-cookie');
    const encoded = await post(`${server.url}${PATH}`, BODY, { 'x-request-id': 'a%0d%0aSet-Cookie:b=1' });
    expect(encoded.headers).not.toHaveProperty('set-cookie');
  });
});

describe('several requests on one connection', () => {
  it('sent at once are answered each and in order, the slow before the quick', async () => {
    const slow = { inputs: [{ name: 'rounds', datatype: 'INT64', shape: [1], data: [5_000] }] };
    const connection = await RawConnection.open(server);
    const texts = [inferText('suddenly-slow', slow), 'GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n'];
    for (let i = 0; i < 40; i++)
      texts.push(inferText('echo', { inputs: [tensor(i)] }, `X-Request-Id: number-${i}`));
    texts.push(inferText('nobody', {}), inferText('echo', { inputs: [] }));
    await connection.send(texts.join(''));
    await connection.answer(43);
    const answers = connection.answers();
    connection.destroy();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, ...Array(40).fill(200), 404, 400]);
    expect(answers[0]?.body).toContain('"data":[5000]');
    for (let i = 0; i < 40; i++) {
      expect(answers[i + 2]?.body).toContain(`"data":[${i}]`);
      expect(answers[i + 2]?.head).toContain(`x-request-id: number-${i}`);
    }
  });

  it('go on after one that was refused before its body was read', async () => {
    const body = 'x'.repeat(300_000);
    const connection = await RawConnection.open(server);
    const head = postHead('/v2/models/nobody/infer', `Content-Length: ${body.length}`);
    await connection.send(head + body + inferText('echo', { inputs: [tensor(8)] }));
    expect((await connection.answer(0)).status).toBe(404);
    expect(await connection.answer(1)).toMatchObject({ status: 200, body: expect.stringContaining('[8]') });
    connection.destroy();
  });
});

describe('a length of the JSON part that no channel can carry', () => {
  const withLength = (to: TestServer, length: string) =>
    post(`${to.url}${PATH}`, BODY, { 'inference-header-content-length': length });

  // On the channel it would be the marker for "all of it is JSON", and the wrong header go unnoticed.
  it('of 32 bits is refused', async () => {
    expect((await withLength(server, '4294967295')).status).toBe(400);
  });

  // Written into a frame as it is, it throws outside of any request, which ends the server.
  it('of more is refused and the server lives', async () => {
    await using victim = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
    const answer = await withLength(victim, '9999999999').catch((error: Error) => error);
    expect(answer).toMatchObject({ status: 400 });
    expect((await send(`${victim.url}/v2/health/live`)).status).toBe(200);
  });

  it('within the body is served', async () => {
    expect((await withLength(server, String(BODY.length))).status).toBe(200);
    expect(outputsOf(await infer(server, 'echo', [tensor(5)]))[0]?.data).toEqual([5]);
  });
});
