/** The fast path's parser held against Node's: what it accepts, Node accepts and understands in the same way. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RequestHeaders, readHeaders } from '../request-headers.ts';
import { newFastHead, readFastHead } from './read-head.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: RequestHeaders;
  readonly body: string;
}

/** What Node's HTTP server makes of a connection on which these bytes come; 'error' where it refuses some of them. */
async function nodeReads(bytes: Buffer): Promise<(Seen | 'error')[]> {
  const seen: (Seen | 'error')[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('latin1');
    req.on('data', (text: string) => {
      body += text;
    });
    req.on('end', () => {
      seen.push({ method: req.method, url: req.url, headers: readHeaders(req.rawHeaders), body });
      res.end();
    });
  });
  server.on('clientError', (_, socket) => {
    seen.push('error');
    socket.destroy();
  });
  const [client, side] = duplexPair();
  client.resume();
  client.on('error', () => {});
  const closed = once(client, 'close');
  server.emit('connection', side);
  client.end(bytes);
  await closed;
  server.close();
  return seen;
}

const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';
const BODY = '\r\n{"a":1}\r\nPOST / HTTP/1.1\r\n\r\n';

/** What Node sees of a head that the fast path accepts, followed by a body of the announced length and another request. */
async function agrees(bytes: Buffer): Promise<boolean> {
  const head = newFastHead();
  if (!readFastHead(bytes, head)) return false;
  const length = Math.min(head.contentLength, 10_000);
  // Longer ones are only announced: that Node waits for more says that it has read the same head.
  const isWhole = length === head.contentLength;
  const body = BODY.repeat(Math.ceil(length / BODY.length)).slice(0, length);
  const sent = Buffer.concat([bytes.subarray(0, head.headBytes), Buffer.from(isWhole ? body + NEXT : body)]);
  const seen = await nodeReads(sent);
  if (!isWhole) {
    expect(seen, JSON.stringify(bytes.toString('latin1'))).toEqual(['error']);
    return true;
  }
  const [first, second, ...more] = seen;
  expect(first, JSON.stringify(bytes.toString('latin1'))).toEqual({
    ...{ method: 'POST', url: head.target, headers: head.headers, body },
  });
  expect(second).toMatchObject({ method: 'GET', url: '/next' });
  expect(more).toEqual([]);
  return true;
}

const ORDINARY = [
  'POST /v2/models/fraud/infer HTTP/1.1',
  'Host: localhost:8080',
  'User-Agent: any/1.0',
  'Accept: */*',
  'Content-Type: application/json',
  'Content-Length: 12',
];
const text = (lines: readonly string[], end = '\r\n\r\n') => Buffer.from(lines.join('\r\n') + end, 'latin1');
const accepts = (bytes: Buffer) => readFastHead(bytes, newFastHead());

const NAMES = [
  ...[
    'Host',
    'Content-Length',
    'Content-Type',
    'Connection',
    'Transfer-Encoding',
    'Expect',
    'Upgrade',
    'Trailer',
  ],
  ...['X-Request-Id', 'x-request-timeout-ms', 'x-request-priority', 'Inference-Header-Content-Length', 'TE'],
  ...[
    'Content-Encoding',
    'Proxy-Connection',
    'Keep-Alive',
    'Cookie',
    'a',
    'X_y',
    'Accept-Encoding',
    '',
    'a b',
    'ü',
  ],
];
const VALUES = [
  ...[
    'localhost',
    '1',
    '12',
    '0',
    '00',
    '012',
    '+5',
    '-1',
    '1e3',
    '0x10',
    '9999999999',
    '12, 12',
    'keep-alive',
  ],
  ...[
    'Keep-Alive',
    'close',
    'upgrade',
    'keep-alive, close',
    'chunked',
    'identity',
    'gzip',
    '100-continue',
    '',
  ],
  ...[
    'application/json',
    'text/plain; charset="utf-8"',
    '\u00e9',
    'a\tb',
    '\t',
    ' x ',
    'a\rb',
    'a\nb',
    'a\0b',
    '\x7f',
  ],
];
const LINE_ENDS = [
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\r\n ',
  '\r\n\t',
  '\n\r',
];
const START_LINES = [
  ...Array.from({ length: 8 }, () => 'POST /v2/models/fraud/infer HTTP/1.1'),
  ...['POST /v2/models/fraud/infer?a=b HTTP/1.1', 'POST /a%20b HTTP/1.1', 'POST http://h/v2 HTTP/1.1'],
  ...[
    'POST /v2 HTTP/1.0',
    'POST  /v2 HTTP/1.1',
    'POST /v2  HTTP/1.1',
    'post /v2 HTTP/1.1',
    'GET /v2 HTTP/1.1',
  ],
  ...[
    'POST /v2 HTTP/1.1 ',
    'POST /v2 http/1.1',
    'POST /v2 HTTP/2.0',
    '\r\nPOST /v2 HTTP/1.1',
    'POST * HTTP/1.1',
  ],
];

/** Names in any case, which stand for most of what is sent. */
const caseOf = (name: string) =>
  fc.constantFrom(
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.replace(/^./, (c) => c.toLowerCase()),
  );
const field = fc
  .tuple(
    fc.constantFrom(...NAMES).chain(caseOf),
    fc.constantFrom(':', ': ', ':\t', ' :', ':  '),
    fc.constantFrom(...VALUES),
  )
  .map((parts) => parts.join(''));
const anyFields = fc.array(fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...ORDINARY.slice(1)) }, field), {
  maxLength: 9,
});
const fieldsWithMore = fc
  .tuple(fc.shuffledSubarray(ORDINARY.slice(1), { minLength: 4 }), fc.array(field, { maxLength: 3 }))
  .map(([fields, more]) => [...more, ...fields]);
const wildHead = fc
  .tuple(
    fc.constantFrom(...START_LINES),
    fc.oneof(anyFields, fieldsWithMore),
    fc.infiniteStream(fc.constantFrom(...LINE_ENDS)),
    fc.constantFrom(true, true, false),
  )
  .map(([start, fields, ends, plain]) => {
    const lines = [start, ...fields].map((line) => line + (plain ? '\r\n' : ends.next().value));
    return Buffer.from(`${lines.join('')}\r\n`, 'latin1');
  });
/** An ordinary head with a few fields added and a few bytes changed. */
const damagedHead = fc
  .tuple(
    fc.shuffledSubarray(ORDINARY.slice(1), { minLength: 4 }),
    fc.array(field, { maxLength: 2 }),
    fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 2 }),
  )
  .map(([fields, more, damage]) => {
    const bytes = text([ORDINARY[0] as string, ...fields, ...more]);
    for (const [at, byte] of damage) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });

describe('readFastHead', () => {
  it.each<[string, fc.Arbitrary<Buffer>, number, number]>([
    ['of heads made of what may stand in heads', wildHead, 4_000, 20],
    ['of ordinary heads with changed bytes', damagedHead, 4_000, 400],
  ])('accepts nothing that Node refuses or understands otherwise, %s', async (_, heads, runs, least) => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(heads, async (bytes) => {
        if (await agrees(bytes)) accepted++;
      }),
      { numRuns: runs },
    );
    // Otherwise nothing was compared.
    expect(accepted).toBeGreaterThan(least);
  });

  it('reads what ordinary clients send', () => {
    const head = newFastHead();
    const lines = [
      ...ORDINARY,
      ...['X-Request-ID: r-1', 'x-request-timeout-ms: 250', 'X-Request-Priority: 5'],
      ...['Inference-Header-Content-Length: 7', 'connection: Keep-Alive', 'Accept-Encoding: gzip, deflate'],
    ];
    expect(readFastHead(Buffer.concat([text(lines), Buffer.from('{"inputs":[]}')]), head)).toBe(true);
    expect(head.target).toBe('/v2/models/fraud/infer');
    expect(head.headBytes).toBe(text(lines).length);
    expect(head.contentLength).toBe(12);
    expect(head.headers).toEqual({
      ...{
        contentType: 'application/json',
        contentEncoding: undefined,
        contentLength: '12',
        jsonLength: '7',
      },
      ...{ requestId: 'r-1', timeout: '250', priority: '5', fault: undefined },
    });
  });

  it('accepts no head of which a part is missing', () => {
    const whole = text(ORDINARY);
    for (let length = 0; length < whole.length; length++)
      expect(accepts(whole.subarray(0, length))).toBe(false);
    expect(accepts(whole)).toBe(true);
  });

  it.each([
    ['no host', ORDINARY.filter((line) => !line.startsWith('Host'))],
    ['two hosts', [...ORDINARY, 'host: b']],
    ['no length', ORDINARY.filter((line) => !line.startsWith('Content-Length'))],
    ['two lengths', [...ORDINARY, 'content-length: 12']],
    ['no body', [...ORDINARY.slice(0, 5), 'Content-Length: 0']],
    ['a coding', [...ORDINARY, 'Transfer-Encoding: chunked']],
    ['a compressed body', [...ORDINARY, 'Content-Encoding: gzip']],
    ['an expectation', [...ORDINARY, 'Expect: 100-continue']],
    ['an end of the connection', [...ORDINARY, 'Connection: close']],
    ['an upgrade', [...ORDINARY, 'Upgrade: h2c']],
    ['a folded line', [...ORDINARY, 'X-A: b\r\n c']],
    ['a long head', [...ORDINARY, `X-A: ${'b'.repeat(4096)}`]],
  ])('leaves %s to the HTTP server', (_, lines) => {
    expect(accepts(text(lines))).toBe(false);
  });
});
