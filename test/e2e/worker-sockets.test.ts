/** Strangers on a worker's own socket: whatever they send, the worker lives and serves its gateway. */
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../src/channel/endpoint.ts';
import { FLAG_END, FRAME, type FrameType, HEADER_BYTES, writeHeader } from '../../src/channel/frame.ts';
import { encodeHello, REQUEST_HEAD_BYTES, writeRequestHead } from '../../src/channel/messages.ts';
import { eventually } from '../support/eventually.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { getJson } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;
let before: readonly WorkerRow[];

interface WorkerRow {
  readonly id_worker: string;
  readonly endpoint: string;
  readonly status: string;
  readonly pid: number;
  readonly rss_bytes: number;
}

const workers = async () =>
  ((await getJson(`${server.url}/workers`)) as { workers: readonly WorkerRow[] }).workers;

beforeAll(async () => {
  repository = temporaryRepository('fraud');
  const flags = ['--replicas', '1', '--max-body-bytes', '1000000'];
  server = await startServer({ repository: repository.path, flags });
  neighbour = await startNeighbour(server);
  before = await workers();
});

afterEach(async () => {
  await neighbour.isServed();
  const now = await workers();
  expect(now.map(({ pid, status }) => ({ pid, status }))).toEqual(
    before.map(({ pid }) => ({ pid, status: 'ACTIVE' })),
  );
});

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

/** A connection to the worker that is no gateway's. */
function stranger(): Promise<Socket> {
  const address = parseEndpoint(before[0]!.endpoint);
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => resolve(socket));
    socket.on('error', () => {});
    socket.once('error', reject);
    socket.resume();
  });
}

const isCutOff = (socket: Socket) => eventually('the worker to cut it off', () => socket.closed);

function frame(type: FrameType | number, stream: number, payload: Uint8Array, flags = FLAG_END): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length);
  writeHeader(bytes, 0, payload.length, type as FrameType, flags, stream);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

function requestHead(bodyBytes: number, jsonBytes?: number): Buffer {
  const head = Buffer.alloc(REQUEST_HEAD_BYTES);
  writeRequestHead(head, { bodyBytes, jsonBytes, timeoutMs: 1_000 });
  return head;
}

const HELLO = frame(FRAME.HELLO, 0, encodeHello('stranger'));

describe('nonsense is cut off', () => {
  it.each<[string, Uint8Array]>([
    ['noise', Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251))],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a hello of another protocol', frame(FRAME.HELLO, 0, Buffer.from('hello there'))],
    ['a hello of another version', frame(FRAME.HELLO, 0, Buffer.from('54544c4202000000', 'hex'))],
    ['an empty hello', frame(FRAME.HELLO, 0, Buffer.alloc(0))],
    ['an unknown frame type', frame(99, 1, Buffer.alloc(0))],
    ['reserved flags', frame(FRAME.PING, 0, Buffer.alloc(0), 0x80)],
    ['a frame of four gigabytes', Buffer.from('ffffffff0800000000000000', 'hex')],
    ['a response', frame(FRAME.RESPONSE, 1, Buffer.alloc(64))],
    ['a busy', frame(FRAME.BUSY, 1, Buffer.alloc(0))],
    ['a request without its head', frame(FRAME.REQUEST, 1, Buffer.alloc(3))],
    ['a request on stream 0', frame(FRAME.REQUEST, 0, Buffer.concat([requestHead(2), Buffer.from('{}')]))],
    [
      'a body longer than announced',
      frame(FRAME.REQUEST, 1, Buffer.concat([requestHead(2), Buffer.from('{}{}')])),
    ],
    [
      'a body shorter than announced',
      frame(FRAME.REQUEST, 1, Buffer.concat([requestHead(9), Buffer.from('{}')])),
    ],
    ['a body over the limit', frame(FRAME.REQUEST, 1, requestHead(2_000_000), 0)],
  ])('%s', async (_, bytes) => {
    const socket = await stranger();
    socket.write(Buffer.concat([HELLO, bytes]));
    await isCutOff(socket);
  });

  it('a stream that is opened twice', async () => {
    const socket = await stranger();
    const open = frame(FRAME.REQUEST, 7, requestHead(1_000), 0);
    socket.write(Buffer.concat([HELLO, open, open]));
    await isCutOff(socket);
  });
});

describe('halves do not hold up others', () => {
  it.each<[string, Uint8Array]>([
    ['nothing at all', Buffer.alloc(0)],
    ['half a header', HELLO.subarray(0, 5)],
    ['a header without its payload', HELLO.subarray(0, HEADER_BYTES)],
    ['half of a request', Buffer.concat([HELLO, frame(FRAME.REQUEST, 1, requestHead(900_000), 0)])],
    ['parts of a body that nobody opened', Buffer.concat([HELLO, frame(FRAME.BODY, 5, Buffer.alloc(1_000))])],
    ['a cancel of what was never sent', Buffer.concat([HELLO, frame(FRAME.CANCEL, 5, Buffer.alloc(0))])],
  ])('%s', async (_, bytes) => {
    const socket = await stranger();
    socket.write(bytes);
    await neighbour.isServed();
    expect(socket.closed).toBe(false);
    socket.destroy();
  });

  it('a hundred strangers at once', async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => stranger()));
    for (const socket of sockets) socket.write(frame(FRAME.REQUEST, 1, requestHead(900_000), 0));
    await neighbour.isServed();
    for (const socket of sockets) socket.destroy();
  });

  it('a stranger who reads none of its answers', async () => {
    const socket = await stranger();
    socket.pause();
    const body = Buffer.from('{}');
    const requests = Array.from({ length: 20_000 }, (_, i) =>
      frame(FRAME.REQUEST, i + 1, Buffer.concat([requestHead(body.length), body])),
    );
    socket.write(Buffer.concat(requests));
    await neighbour.isServed();
    socket.destroy();
  });

  it('a stranger who says that it drains', async () => {
    const socket = await stranger();
    socket.write(Buffer.concat([HELLO, frame(FRAME.DRAIN, 0, Buffer.alloc(0))]));
    await neighbour.isServed();
    socket.destroy();
  });
});

describe('requests that are wrong within right frames', () => {
  it.each<[string, Buffer, number | undefined]>([
    ['no body', Buffer.alloc(0), undefined],
    ['no body and a raw header', Buffer.alloc(0), 0],
    ['JSON longer than the body', Buffer.from('{}'), 4_000_000_000],
    ['bytes that are no JSON', Buffer.from([0, 255, 1, 254]), undefined],
  ])('%s are answered with an error', async (_, body, jsonBytes) => {
    const socket = await stranger();
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.write(
      Buffer.concat([
        HELLO,
        frame(FRAME.REQUEST, 9, Buffer.concat([requestHead(body.length, jsonBytes), body])),
      ]),
    );
    const types = () => frameTypes(Buffer.concat(received));
    await eventually('an error frame', () => types().includes(FRAME.ERROR));
    expect(socket.closed).toBe(false);
    socket.destroy();
  });
});

function frameTypes(bytes: Buffer): readonly number[] {
  const types: number[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; at += HEADER_BYTES + bytes.readUInt32LE(at)) {
    types.push(bytes[at + 4]!);
  }
  return types;
}
