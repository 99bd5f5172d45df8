/** The channel to a server that speaks HTTP, against real ones that answer, refuse, break off, hang, go and come back. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type {
  ChannelFailure,
  ChannelRequest,
  ChannelResponse,
  ChannelState,
} from '../../src/channel/channel.ts';
import { TICK_MS } from '../../src/channel/channel.ts';
import { HttpChannel } from '../../src/channel/http-channel.ts';
import type { WorkerError } from '../../src/channel/messages.ts';
import { makeCertificates } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';

type Outcome = { response: ChannelResponse } | { error: WorkerError } | { failure: ChannelFailure };

/** What came to a server's inference path. */
interface Seen {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly body: Buffer;
}

interface Upstream {
  readonly server: Server;
  readonly port: number;
  readonly seen: Seen[];
  readonly probes: string[];
  /** Connections, over all its life. */
  readonly sockets: Socket[];
  /** Status of `GET /v2/health/ready`, and of the other paths that are asked; 0 answers nothing. */
  health: Record<string, number>;
}

const INFER = '/v2/models/m/infer';
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startUpstream(
  onInfer: (seen: Seen) => void = echo,
  { port = 0, tls }: { readonly port?: number; readonly tls?: { key: Buffer; cert: Buffer } } = {},
): Promise<Upstream> {
  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('error', () => {});
    req.on('end', () => {
      if (req.method === 'POST') {
        const seen = { req, res, body: Buffer.concat(chunks) };
        upstream.seen.push(seen);
        onInfer(seen);
        return;
      }
      const path = req.url ?? '';
      upstream.probes.push(path);
      const status = upstream.health[path] ?? 404;
      if (status > 0) res.writeHead(status).end();
    });
  };
  const server = tls ? createSecureServer(tls, onRequest) : createServer(onRequest);
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => stop(upstream));
  const upstream: Upstream = {
    server,
    port: (server.address() as AddressInfo).port,
    seen: [],
    probes: [],
    sockets,
    health: { '/v2/health/ready': 200 },
  };
  return upstream;
}

/** As if the process were killed. */
function stop({ server }: Upstream): void {
  server.close();
  server.closeAllConnections();
}

function echo({ req, res, body }: Seen): void {
  const length = req.headers['inference-header-content-length'];
  res.writeHead(200, length === undefined ? {} : { 'inference-header-content-length': length });
  res.end(body);
}

interface Opened {
  readonly channel: HttpChannel;
  readonly states: ChannelState[];
}

function openChannel(
  endpoint: string,
  options: { maxAnswerBytes?: number; now?: () => number } = {},
): Opened {
  const states: ChannelState[] = [];
  const channel = new HttpChannel({
    endpoint,
    id_model: 'm',
    maxAnswerBytes: 100_000_000,
    now: () => performance.now(),
    onStateChange: (state) => states.push(state),
    ...options,
  });
  closers.push(() => channel.close());
  if (!options.now) {
    const ticks = setInterval(() => channel.tick(), TICK_MS);
    closers.push(() => clearInterval(ticks));
  }
  return { channel, states };
}

async function openedChannel(
  upstream: Upstream,
  options?: Parameters<typeof openChannel>[1],
): Promise<Opened> {
  const opened = openChannel(`http://127.0.0.1:${upstream.port}`, options);
  await eventually('the channel to open', () => opened.channel.state === 'open');
  return opened;
}

function send(
  channel: HttpChannel,
  body: string | Buffer | readonly Buffer[],
  more: Partial<ChannelRequest> = {},
): { stream: number; outcome: Promise<Outcome> } {
  const parts = typeof body === 'string' ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : body;
  const bodyBytes = parts.reduce((sum, part) => sum + part.length, 0);
  let stream = 0;
  const outcome = new Promise<Outcome>((resolve) => {
    const request = { body: parts, bodyBytes, jsonBytes: undefined, timeoutMs: 1_000, ...more };
    stream = channel.send(request, {
      onResponse: (response) => resolve({ response }),
      onError: (error) => resolve({ error }),
      onFailure: (failure) => resolve({ failure }),
    });
  });
  return { stream, outcome };
}

function responseOf(outcome: Outcome): ChannelResponse {
  if (!('response' in outcome)) throw new Error(`no response but ${JSON.stringify(outcome)}`);
  return outcome.response;
}

function bodyOf(outcome: Outcome): Buffer {
  const { body, bodyBytes } = responseOf(outcome);
  const whole = Buffer.concat(body);
  expect(bodyBytes).toBe(whole.length);
  return whole;
}

describe('a request', () => {
  it('is posted as it came, with what is left of its time, and the answer comes back as it is', async () => {
    const upstream = await startUpstream();
    const { channel } = await openedChannel(upstream);
    const outcome = await send(channel, '{"inputs":[]}', { timeoutMs: 1234.5 }).outcome;
    expect(bodyOf(outcome).toString()).toBe('{"inputs":[]}');
    expect(responseOf(outcome)).toMatchObject({ jsonBytes: undefined, timings: { rows: 1, batchRows: 1 } });
    const [seen] = upstream.seen;
    expect(seen?.req.url).toBe(INFER);
    expect(seen?.req.headers).toMatchObject({
      host: `127.0.0.1:${upstream.port}`,
      'content-type': 'application/json',
      'content-length': '13',
      'x-request-timeout-ms': '1234',
    });
    expect(channel.inFlight).toBe(0);
  });

  it('goes to the path that the endpoint names', async () => {
    const upstream = await startUpstream();
    const { channel } = openChannel(`http://127.0.0.1:${upstream.port}/v2/models/other/versions/3/infer`);
    await eventually('the channel to open', () => channel.state === 'open');
    await send(channel, '{}').outcome;
    expect(upstream.seen[0]?.req.url).toBe('/v2/models/other/versions/3/infer');
  });

  it('carries binary tensors both ways, in many parts and of many sizes', async () => {
    const upstream = await startUpstream();
    const { channel } = await openedChannel(upstream);
    const bodies = [0, 1, 65_536, 5_000_000].map((size) => [
      Buffer.from('{"inputs":[]}'),
      Buffer.alloc(size, 0xe7),
      Buffer.from([0, 255]),
    ]);
    const outcomes = await Promise.all(bodies.map((body) => send(channel, body, { jsonBytes: 13 }).outcome));
    for (const [i, outcome] of outcomes.entries()) {
      expect(bodyOf(outcome).equals(Buffer.concat(bodies[i] as Buffer[]))).toBe(true);
      expect(responseOf(outcome).jsonBytes).toBe(13);
    }
    expect(upstream.seen[0]?.req.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'inference-header-content-length': '13',
    });
  });

  it('after another uses its connection, and as many as there are go at once', async () => {
    const upstream = await startUpstream();
    const { channel } = await openedChannel(upstream);
    for (let i = 0; i < 5; i++) await send(channel, `${i}`).outcome;
    // And one for the questions how it is.
    expect(upstream.sockets).toHaveLength(2);
    const outcomes = Array.from({ length: 20 }, (_, i) => send(channel, `${i}`).outcome);
    expect(channel.inFlight).toBe(20);
    const answers = (await Promise.all(outcomes)).map((outcome) => bodyOf(outcome).toString());
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    expect(upstream.sockets.length).toBeLessThanOrEqual(21);
  });

  it('that is answered without a length is answered by the end of the connection', async () => {
    const upstream = await startUpstream(({ req, body }) => {
      req.socket.end(`HTTP/1.0 200 OK\r\n\r\n${body}`);
    });
    const { channel } = await openedChannel(upstream);
    expect(bodyOf(await send(channel, 'body').outcome).toString()).toBe('body');
    expect(bodyOf(await send(channel, 'next').outcome).toString()).toBe('next');
  });

  it('that is cancelled ends at the server too, and hears nothing more', async () => {
    const upstream = await startUpstream(() => {});
    const { channel, states } = await openedChannel(upstream);
    const { stream, outcome } = send(channel, 'x');
    await eventually('the request', () => upstream.seen.length === 1);
    channel.cancel(stream);
    expect(channel.inFlight).toBe(0);
    await eventually('its connection to end', () => upstream.seen[0]?.req.socket.destroyed);
    expect(await Promise.race([outcome, Promise.resolve('nothing')])).toBe('nothing');
    expect(states).toEqual(['open']);
  });

  it('works over TLS, for a server whose certificate is trusted', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'turntable-http-'));
    closers.push(() => rmSync(directory, { recursive: true }));
    const { ca, key, cert } = makeCertificates(directory);
    const trusted = getCACertificates('default');
    closers.push(() => setDefaultCACertificates(trusted));
    const upstream = await startUpstream(echo, { tls: { key: readFileSync(key), cert: readFileSync(cert) } });
    const { channel, states } = openChannel(`https://127.0.0.1:${upstream.port}`);
    await eventually('a refusal', () => upstream.sockets.length > 1);
    expect(states).toEqual([]);
    setDefaultCACertificates([...trusted, readFileSync(ca, 'utf8')]);
    await eventually('the channel to open', () => channel.state === 'open');
    expect(bodyOf(await send(channel, 'x').outcome).toString()).toBe('x');
  });
});

describe('an answer', () => {
  it('with an error of each kind is told as what it is', async () => {
    const upstream = await startUpstream(({ res, body }) => {
      res.writeHead(Number(body.toString())).end('{"error":"says why"}');
    });
    const { channel, states } = await openedChannel(upstream);
    const outcomeOf = (status: number) => send(channel, String(status)).outcome;
    const message = 'says why';
    expect(await outcomeOf(400)).toEqual({ error: { code: 'INVALID_REQUEST', message } });
    expect(await outcomeOf(500)).toEqual({ error: { code: 'INFERENCE_FAILED', message } });
    expect(await outcomeOf(504)).toEqual({ error: { code: 'DEADLINE_EXCEEDED', message } });
    expect(await outcomeOf(401)).toEqual({ error: { code: 'INTERNAL', message } });
    expect(await outcomeOf(429)).toEqual({ failure: 'busy' });
    expect(await outcomeOf(503)).toEqual({ failure: 'busy' });
    expect(states).toEqual(['open']);
    // None of them ended for it: one for the questions, one for the requests.
    expect(upstream.sockets).toHaveLength(2);
  });

  it.each([
    ['announces it', { 'content-length': 2_000 }],
    ['does not', {}],
  ])('that is too long is refused when it %s', async (_, headers) => {
    const upstream = await startUpstream(({ res }) => {
      res.writeHead(200, headers);
      res.write(Buffer.alloc(1_500));
    });
    const { channel, states } = await openedChannel(upstream, { maxAnswerBytes: 1_000 });
    const message = "the server's answer has more than 1000 bytes, which is the limit";
    expect(await send(channel, 'x').outcome).toEqual({ error: { code: 'INTERNAL', message } });
    await eventually('its connection to end', () => upstream.seen[0]?.req.socket.destroyed);
    expect(states).toEqual(['open']);
  });

  it('with an error is read only so far as tells what it is', async () => {
    const upstream = await startUpstream(({ res }) => {
      res.writeHead(500);
      res.write('x'.repeat(100_000));
    });
    const { channel } = await openedChannel(upstream);
    expect(await send(channel, 'x').outcome).toEqual({
      error: { code: 'INFERENCE_FAILED', message: 'x'.repeat(1_000) },
    });
  });

  it('with a length of JSON that cannot be is an error', async () => {
    const upstream = await startUpstream(({ res }) => {
      res.writeHead(200, { 'inference-header-content-length': '100' }).end('short');
    });
    const { channel } = await openedChannel(upstream);
    expect(await send(channel, 'x').outcome).toMatchObject({
      error: { code: 'INTERNAL', message: expect.stringContaining('5 bytes') },
    });
  });

  it('that comes before the server has read the request counts, and the rest is not sent', async () => {
    const upstream = await startUpstream();
    let refused: IncomingMessage | undefined;
    upstream.server.removeAllListeners('request');
    upstream.server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      if (req.method === 'GET') {
        res.writeHead(200).end();
        return;
      }
      refused = req;
      req.on('error', () => {});
      req.socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 20\r\n\r\n{"error":"too much"}');
    });
    const { channel, states } = await openedChannel(upstream);
    const outcome = await send(channel, Buffer.alloc(50_000_000)).outcome;
    expect(outcome).toEqual({ error: { code: 'INVALID_REQUEST', message: 'too much' } });
    refused?.resume();
    await eventually('its connection to end', () => refused?.socket.destroyed);
    expect(refused?.socket.bytesRead).toBeLessThan(50_000_000);
    expect(states).toEqual(['open']);
  });

  it('tells waiting from work by what a lone request takes', async () => {
    let held: Seen | undefined;
    const upstream = await startUpstream((seen) => {
      if (seen.body.toString() === 'wait') held = seen;
      else echo(seen);
    });
    let now = 0;
    const { channel } = await openedChannel(upstream, { now: () => now });
    const lone = send(channel, 'wait').outcome;
    await eventually('the request', () => held);
    now += 10;
    echo(held as Seen);
    expect(responseOf(await lone).timings).toMatchObject({ queueUs: 0, inferUs: 10_000 });
    const [, second] = [send(channel, 'wait').outcome, send(channel, 'wait').outcome];
    await eventually('both requests', () => upstream.seen.length === 3);
    now += 25;
    for (const seen of upstream.seen.slice(1)) echo(seen);
    const { timings } = responseOf(await second);
    expect(timings.queueUs + timings.inferUs).toBeCloseTo(25_000);
    expect(timings.queueUs).toBeGreaterThan(10_000);
  });
});

describe('a connection', () => {
  it.each([
    ['before any of the answer', ({ req }: Seen) => req.socket.resetAndDestroy()],
    [
      'in the middle of the answer',
      ({ req, res }: Seen) => {
        res.writeHead(200, { 'content-length': 100 });
        res.write('half', () => req.socket.destroy());
      },
    ],
    ['with something that is no answer', ({ req }: Seen) => req.socket.end('SSH-2.0-server\r\n')],
  ])('that breaks %s loses that request alone, and the channel opens again', async (_, breakOff) => {
    const held: Seen[] = [];
    const upstream = await startUpstream((seen) => {
      if (seen.body.toString() === 'break') breakOff(seen);
      else held.push(seen);
    });
    const { channel, states } = await openedChannel(upstream);
    const other = send(channel, 'other').outcome;
    expect(await send(channel, 'break').outcome).toEqual({ failure: 'lost' });
    await eventually('the channel to open again', () => channel.state === 'open');
    expect(states).toEqual(['open', 'connecting', 'open']);
    await eventually('the other', () => held.length === 1);
    echo(held[0] as Seen);
    expect(bodyOf(await other).toString()).toBe('other');
  });

  it('that has been idle is not used again when the server may be about to close it', async () => {
    const upstream = await startUpstream();
    // This one never is, and does not say so.
    upstream.server.keepAliveTimeout = 0;
    const { channel } = await openedChannel(upstream);
    await send(channel, 'x').outcome;
    const socket = upstream.seen[0]?.req.socket;
    await eventually('it to be closed', () => socket?.destroyed);
    expect(channel.state).toBe('open');
    expect(bodyOf(await send(channel, 'y').outcome).toString()).toBe('y');
  });
});

describe('a server', () => {
  it('that is not there yet is found when it comes', async () => {
    const port = await freePort();
    const { channel, states } = openChannel(`http://127.0.0.1:${port}`);
    expect(channel.state).toBe('connecting');
    await startUpstream(echo, { port });
    await eventually('the channel to open', () => channel.state === 'open');
    expect(states).toEqual(['open']);
  });

  it('that dies hands back what it had at once, takes nothing, and serves again when it is back', async () => {
    const upstream = await startUpstream(() => {});
    const { channel, states } = await openedChannel(upstream);
    const outcomes = [1, 2, 3].map((i) => send(channel, `${i}`).outcome);
    await eventually('the requests', () => upstream.seen.length === 3);
    stop(upstream);
    expect(await Promise.all(outcomes)).toEqual([1, 2, 3].map(() => ({ failure: 'lost' })));
    expect(channel.state).toBe('connecting');
    // Nothing of such a request has reached anybody.
    expect(await send(channel, 'late').outcome).toEqual({ failure: 'busy' });
    await startUpstream(echo, { port: upstream.port });
    await eventually('the channel to open again', () => channel.state === 'open');
    expect(states).toEqual(['open', 'connecting', 'open']);
    expect(bodyOf(await send(channel, 'y').outcome).toString()).toBe('y');
  });

  it('that dies while nothing is under way is known to be gone by its connection, without a tick', async () => {
    const upstream = await startUpstream();
    const { channel, states } = await openedChannel(upstream, { now: () => performance.now() });
    const start = performance.now();
    await eventually('some time since it was asked', () => performance.now() - start > TICK_MS);
    stop(upstream);
    await eventually('the channel to know', () => channel.state === 'connecting');
    expect(states).toEqual(['open', 'connecting']);
  });

  it('that goes in order finishes what it has', async () => {
    const upstream = await startUpstream(() => {});
    const { channel } = await openedChannel(upstream);
    const { outcome } = send(channel, 'x');
    await eventually('the request', () => upstream.seen.length === 1);
    upstream.server.close();
    await eventually('the channel to know', () => channel.state === 'connecting');
    expect(channel.inFlight).toBe(1);
    echo(upstream.seen[0] as Seen);
    expect(bodyOf(await outcome).toString()).toBe('x');
  });

  it('that says it is not ready drains: what it has is answered, and it comes back', async () => {
    const upstream = await startUpstream(() => {});
    const { channel, states } = await openedChannel(upstream);
    const { outcome } = send(channel, 'x');
    upstream.health = { '/v2/health/ready': 503 };
    await eventually('the channel to drain', () => channel.state === 'draining');
    echo(upstream.seen[0] as Seen);
    expect(bodyOf(await outcome).toString()).toBe('x');
    upstream.health = { '/v2/health/ready': 200 };
    await eventually('the channel to open again', () => channel.state === 'open');
    expect(states).toEqual(['open', 'draining', 'open']);
  });

  it('that is not ready at first is not used', async () => {
    const upstream = await startUpstream();
    upstream.health = { '/v2/health/ready': 503 };
    const { channel, states } = openChannel(`http://127.0.0.1:${upstream.port}`);
    await eventually('three questions', () => upstream.probes.length >= 3);
    expect(states).toEqual([]);
    upstream.health = { '/v2/health/ready': 200 };
    await eventually('the channel to open', () => channel.state === 'open');
  });

  it.each([
    ['only live', { '/v2/health/live': 200 }, '/v2/health/live'],
    ['no health', {}, '/'],
  ])('that knows %s is asked that way', async (_, health, path) => {
    const upstream = await startUpstream();
    upstream.health = health;
    const { channel, states } = openChannel(`http://127.0.0.1:${upstream.port}/predict`);
    await eventually('the channel to open', () => channel.state === 'open');
    await eventually('another question', () => upstream.probes.filter((one) => one === path).length >= 2);
    expect(upstream.probes.filter((one) => one === '/v2/health/ready')).toHaveLength(1);
    expect(states).toEqual(['open']);
  });

  it('that hangs is taken out with what it has, and back when it answers', async () => {
    const upstream = await startUpstream(() => {});
    let now = 0;
    const { channel, states } = await openedChannel(upstream, { now: () => now });
    upstream.health = { '/v2/health/ready': 0 };
    const { outcome } = send(channel, 'x');
    for (; now < 1_000 && channel.state === 'open'; now += TICK_MS) channel.tick();
    expect(channel.state).toBe('unresponsive');
    expect(now).toBeLessThan(800);
    expect(await outcome).toEqual({ failure: 'unresponsive' });
    expect(channel.inFlight).toBe(0);
    upstream.health = { '/v2/health/ready': 200 };
    for (const end = now + 2_000; now < end; now += TICK_MS) channel.tick();
    await eventually('the channel to come back', () => channel.state === 'open');
    expect(states).toEqual(['open', 'unresponsive', 'open']);
  });

  it('that answers requests is not taken for hung while it leaves a question open', async () => {
    const upstream = await startUpstream();
    let now = 0;
    const { channel } = await openedChannel(upstream, { now: () => now });
    upstream.health = { '/v2/health/ready': 0 };
    for (; now < 3_000; now += TICK_MS) {
      channel.tick();
      if (now % 200 === 0) await send(channel, 'x').outcome;
    }
    expect(channel.state).toBe('open');
  });

  it('is not blamed for a pause of our own process', async () => {
    const upstream = await startUpstream();
    let now = 0;
    const { channel } = await openedChannel(upstream, { now: () => now });
    upstream.health = { '/v2/health/ready': 0 };
    now = 200;
    channel.tick();
    now = 5_200;
    channel.tick();
    expect(channel.state).toBe('open');
  });
});
