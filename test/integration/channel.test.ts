/** The two ends of the turntable channel against each other over real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelFailure, ChannelResponse, ChannelState } from '../../src/channel/channel.ts';
import { ChannelServer } from '../../src/channel/channel-server.ts';
import { unixEndpoint } from '../../src/channel/endpoint.ts';
import { FRAME, HEADER_BYTES, PART_BYTES, writeHeader } from '../../src/channel/frame.ts';
import { FrameWriter } from '../../src/channel/frame-writer.ts';
import { encodeHello, type WorkerError } from '../../src/channel/messages.ts';
import type { ChannelServerOptions, ServerRequest } from '../../src/channel/server-connection.ts';
import { TurntableChannel } from '../../src/channel/turntable-channel.ts';
import { eventually } from '../support/eventually.ts';

const TIMINGS = { queueUs: 1, decodeUs: 2, inferUs: 3, encodeUs: 4, rows: 5, batchRows: 6 };

type Outcome = { response: ChannelResponse } | { error: WorkerError } | { failure: ChannelFailure };

let directory: string;
let path: string;
const closers: (() => unknown)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tt-'));
  path = join(directory, 'w.sock');
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function startServer(
  onRequest: (request: ServerRequest) => void,
  options: Partial<ChannelServerOptions> = {},
): Promise<{ server: ChannelServer; logged: string[] }> {
  const logged: string[] = [];
  const server = new ChannelServer({
    id_worker: 'w1',
    maxRequests: 100,
    maxBodyBytes: 64 * 1024 * 1024,
    maxBufferedBytes: 256 * 1024 * 1024,
    onRequest,
    log: (event, fields) => logged.push(`${event} ${fields.reason}`),
    ...options,
  });
  await server.listen({ path });
  closers.push(() => server.close());
  return { server, logged };
}

function openChannel(id_worker = 'w1', now = () => performance.now(), endpoint = unixEndpoint(path)) {
  const states: ChannelState[] = [];
  const channel = new TurntableChannel({
    endpoint,
    id_worker,
    name: 'gw-test',
    now,
    onStateChange: (state) => states.push(state),
  });
  closers.push(() => channel.close());
  return { channel, states };
}

async function openedChannel(now?: () => number) {
  const opened = openChannel('w1', now);
  await eventually('the channel to open', () => opened.channel.state === 'open');
  return opened;
}

function send(channel: TurntableChannel, body: Buffer): { stream: number; outcome: Promise<Outcome> } {
  let stream = 0;
  const outcome = new Promise<Outcome>((resolve) => {
    stream = channel.send(
      { body: [body], bodyBytes: body.length, jsonBytes: undefined, timeoutMs: 1_000 },
      {
        onResponse: (response) => resolve({ response }),
        onError: (error) => resolve({ error }),
        onFailure: (failure) => resolve({ failure }),
      },
    );
  });
  return { stream, outcome };
}

const echo = (request: ServerRequest) =>
  request.respond(Buffer.from(request.body), request.head.jsonBytes, TIMINGS);

function bodyOf(outcome: Outcome): Buffer {
  if (!('response' in outcome)) throw new Error(`no response but ${JSON.stringify(outcome)}`);
  return Buffer.concat(outcome.response.body);
}

describe('the turntable channel', () => {
  it('carries bodies of all sizes around the size of a part, many at once', async () => {
    await startServer(echo);
    const { channel } = await openedChannel();
    const sizes = [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 5_000_000];
    const bodies = sizes.map((size) => Buffer.alloc(size, size % 251));
    const outcomes = await Promise.all(bodies.map((body) => send(channel, body).outcome));
    for (const [i, outcome] of outcomes.entries())
      expect(bodyOf(outcome).equals(bodies[i] as Buffer)).toBe(true);
    expect(outcomes[0]).toMatchObject({ response: { timings: TIMINGS } });
    expect(channel.inFlight).toBe(0);
  });

  it('works over TCP as over a Unix socket', async () => {
    const server = new ChannelServer({
      id_worker: 'w1',
      maxRequests: 10,
      maxBodyBytes: 1_000_000,
      maxBufferedBytes: 1_000_000,
      onRequest: echo,
      log: () => {},
    });
    closers.push(() => server.close());
    const address = (await server.listen({ host: '127.0.0.1', port: 0 })) as { host: string; port: number };
    const { channel } = openChannel('w1', undefined, `turntable://${address.host}:${address.port}`);
    await eventually('the channel to open', () => channel.state === 'open');
    const body = Buffer.alloc(300_000, 7);
    expect(bodyOf(await send(channel, body).outcome).equals(body)).toBe(true);
  });

  it('lets small messages pass between the parts of a large one', async () => {
    const order: number[] = [];
    await startServer((request) => {
      order.push(request.body.length);
      echo(request);
    });
    const { channel } = await openedChannel();
    const large = send(channel, Buffer.alloc(30_000_000));
    const small = send(channel, Buffer.from('small'));
    await Promise.all([large.outcome, small.outcome]);
    expect(order).toEqual([5, 30_000_000]);
  });

  it('tells the worker of a cancelled request and delivers nothing more of it', async () => {
    const requests: ServerRequest[] = [];
    await startServer((request) => requests.push(request));
    const { channel } = await openedChannel();
    const cancelled = send(channel, Buffer.from('a'));
    const kept = send(channel, Buffer.from('b'));
    await eventually('both requests to arrive', () => requests.length === 2);
    channel.cancel(cancelled.stream);
    await eventually('the cancellation to arrive', () => requests[0]?.cancelled);
    for (const request of requests) echo(request);
    expect(bodyOf(await kept.outcome).toString()).toBe('b');
    expect(await Promise.race([cancelled.outcome, Promise.resolve('nothing')])).toBe('nothing');
  });

  it('cancels a request whose body is still on its way', async () => {
    const seen: number[] = [];
    const { server } = await startServer((request) => {
      seen.push(request.body.length);
      echo(request);
    });
    const { channel } = await openedChannel();
    const { stream } = send(channel, Buffer.alloc(50_000_000));
    channel.cancel(stream);
    expect(bodyOf(await send(channel, Buffer.from('next')).outcome).toString()).toBe('next');
    expect(seen).toEqual([4]);
    expect(server.requests).toBe(0);
  });

  it('answers busy when the worker holds as many requests as it may', async () => {
    const held: ServerRequest[] = [];
    await startServer((request) => held.push(request), { maxRequests: 2 });
    const { channel } = await openedChannel();
    const outcomes = [1, 2, 3].map(() => send(channel, Buffer.from('x')).outcome);
    expect(await outcomes[2]).toEqual({ failure: 'busy' });
    for (const request of held) echo(request);
    await Promise.all(outcomes);
    const again = send(channel, Buffer.from('again'));
    await eventually('the next request', () => held.length === 3);
    echo(held[2] as ServerRequest);
    expect(bodyOf(await again.outcome).toString()).toBe('again');
  });

  it('answers busy when the worker holds as many bytes as it may', async () => {
    await startServer(() => {}, { maxBufferedBytes: 1_000_000 });
    const { channel } = await openedChannel();
    void send(channel, Buffer.alloc(900_000)).outcome;
    expect(await send(channel, Buffer.alloc(200_000)).outcome).toEqual({ failure: 'busy' });
  });

  it('hands back what was under way when the worker dies, and reconnects to a successor', async () => {
    const { server } = await startServer(() => {});
    const { channel, states } = await openedChannel();
    const { outcome } = send(channel, Buffer.from('x'));
    server.close();
    expect(await outcome).toEqual({ failure: 'lost' });
    expect(channel.state).toBe('connecting');
    await startServer(echo);
    await eventually('the channel to open again', () => channel.state === 'open');
    expect(states).toEqual(['open', 'connecting', 'open']);
    expect(bodyOf(await send(channel, Buffer.from('y')).outcome).toString()).toBe('y');
  });

  it('drains: finishes what it has, takes nothing new, and ends', async () => {
    const held: ServerRequest[] = [];
    const { server } = await startServer((request) => held.push(request));
    const { channel } = await openedChannel();
    const { outcome } = send(channel, Buffer.from('x'));
    await eventually('the request', () => held.length === 1);
    let drained = false;
    const drain = server.drain().then(() => {
      drained = true;
    });
    await eventually('the gateway to know', () => channel.state === 'draining');
    expect(await send(channel, Buffer.from('late')).outcome).toEqual({ failure: 'busy' });
    expect(drained).toBe(false);
    echo(held[0] as ServerRequest);
    expect(bodyOf(await outcome).toString()).toBe('x');
    await drain;
  });

  it('does not talk to another worker that took over the address', async () => {
    let connections = 0;
    const impostor = createServer((socket) => {
      connections++;
      socket.on('error', () => {});
      new FrameWriter(socket, 'task').frame(FRAME.HELLO, 0, encodeHello('w2'));
    });
    await new Promise<void>((resolve) => impostor.listen(path, resolve));
    closers.push(() => impostor.close());
    const { channel, states } = openChannel('w1');
    await eventually('three tries', () => connections >= 3);
    expect(channel.state).toBe('connecting');
    expect(states).not.toContain('open');
  });

  it('ends a connection that sends nonsense, logs why, and goes on serving the others', async () => {
    const { logged } = await startServer(echo);
    const { channel } = await openedChannel();
    for (const nonsense of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(4_000, 255), tooLongBody()]) {
      const socket = connect({ path });
      socket.on('error', () => {});
      socket.resume();
      socket.write(nonsense);
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(logged.filter((line) => line.startsWith('channel_broken'))).toHaveLength(3);
    expect(bodyOf(await send(channel, Buffer.from('fine')).outcome).toString()).toBe('fine');
  });

  it('takes a worker that stops answering pings out, and back when it answers', async () => {
    // A worker that says hello and then nothing, until told to.
    let peer: Socket | undefined;
    const silent = createServer((socket) => {
      peer = socket;
      socket.on('error', () => {});
      new FrameWriter(socket, 'task').frame(FRAME.HELLO, 0, encodeHello('w1'));
    });
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    closers.push(() => silent.close());
    let now = 0;
    const { channel, states } = await openedChannel(() => now);
    const { outcome } = send(channel, Buffer.from('x'));
    for (; now < 1_000 && channel.state === 'open'; now += 50) channel.tick();
    expect(channel.state).toBe('unresponsive');
    expect(now).toBeLessThan(1_000);
    expect(await outcome).toEqual({ failure: 'unresponsive' });
    if (peer) new FrameWriter(peer, 'task').frame(FRAME.PONG, 0);
    await eventually('the channel to come back', () => channel.state === 'open');
    expect(states).toEqual(['open', 'unresponsive', 'open']);
  });

  it('does not blame the worker for a pause of its own process', async () => {
    await startServer(echo);
    let now = 0;
    const { channel } = await openedChannel(() => now);
    now = 200;
    channel.tick();
    now = 5_200;
    channel.tick();
    expect(channel.state).toBe('open');
  });
});

/** A request head that announces a longer body than its only frame carries. */
function tooLongBody(): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + 12);
  writeHeader(frame, 0, 12, FRAME.REQUEST, 1, 1);
  frame.writeUInt32LE(500, HEADER_BYTES);
  return frame;
}
