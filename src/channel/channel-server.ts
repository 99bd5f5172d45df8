/** The worker's end of the turntable channel: accepts gateways, assembles requests, sends answers. */
import { createServer, type Server, type Socket } from 'node:net';
import type { SocketAddress } from './endpoint.ts';
import { ChannelProtocolError, FRAME, type FrameType } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { FrameWriter } from './frame-writer.ts';
import {
  encodeError,
  encodeHello,
  REQUEST_HEAD_BYTES,
  RESPONSE_HEAD_BYTES,
  type RequestHead,
  readHello,
  readRequestHead,
  type WorkerError,
  type WorkerTimings,
  writeResponseHead,
} from './messages.ts';

/** A whole request, and the ways to end it; exactly one of respond and fail is to be called, once. */
export interface ServerRequest {
  readonly head: RequestHead;
  readonly body: Buffer;
  /** True once nobody wants the answer any more. */
  readonly cancelled: boolean;
  respond(body: Buffer, jsonBytes: number | undefined, timings: WorkerTimings): void;
  fail(error: WorkerError): void;
}

export interface ChannelServerOptions {
  readonly id_worker: string;
  /** Requests held at once at most, over all gateways; beyond that the answer is busy. */
  readonly maxRequests: number;
  /** Longest body of one request. */
  readonly maxBodyBytes: number;
  /** Bytes of request bodies held at once at most; beyond that the answer is busy. */
  readonly maxBufferedBytes: number;
  readonly onRequest: (request: ServerRequest) => void;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** How long {@link ChannelServer.drain} waits for a gateway to say that it will send no more. */
const DRAIN_ACK_TIMEOUT_MS = 1_000;

/** Shared by the connections of one server. */
interface Held {
  requests: number;
  bytes: number;
  draining: boolean;
}

class OpenRequest implements ServerRequest {
  readonly head: RequestHead;
  readonly #connection: Connection;
  readonly #stream: number;
  body: Buffer;
  received = 0;
  complete = false;
  cancelled = false;

  constructor(connection: Connection, stream: number, head: RequestHead, body: Buffer) {
    this.#connection = connection;
    this.#stream = stream;
    this.head = head;
    this.body = body;
  }

  respond(body: Buffer, jsonBytes: number | undefined, timings: WorkerTimings): void {
    this.#connection.respond(this.#stream, this, body, jsonBytes, timings);
  }

  fail(error: WorkerError): void {
    this.#connection.fail(this.#stream, this, error);
  }
}

class Connection {
  readonly #options: ChannelServerOptions;
  readonly #held: Held;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #requests = new Map<number, OpenRequest>();
  readonly #responseHead = Buffer.alloc(RESPONSE_HEAD_BYTES);
  readonly #onIdle: () => void;
  #peer = 'unknown';
  /** Whether the gateway has said that it will send no more. */
  drained = false;

  constructor(socket: Socket, options: ChannelServerOptions, held: Held, onIdle: () => void) {
    this.#socket = socket;
    this.#options = options;
    this.#held = held;
    this.#onIdle = onIdle;
    this.#writer = new FrameWriter(socket);
    this.#writer.frame(FRAME.HELLO, 0, encodeHello(options.id_worker));
    const decoder = new FrameDecoder((type, end, stream, payload) =>
      this.#onFrame(type, end, stream, payload),
    );
    socket.on('data', (chunk) => {
      try {
        decoder.push(chunk as Buffer);
      } catch (error) {
        if (!(error instanceof ChannelProtocolError)) throw error;
        options.log('channel_broken', { peer: this.#peer, reason: error.message });
        socket.destroy();
      }
    });
    socket.on('error', (error) => options.log('channel_error', { peer: this.#peer, reason: error.message }));
    socket.on('close', () => this.#onClose());
    if (held.draining) this.drain();
  }

  get idle(): boolean {
    return this.#requests.size === 0;
  }

  drain(): void {
    this.#writer.frame(FRAME.DRAIN, 0);
  }

  /** Sends what is gathered and closes. */
  end(): void {
    this.#writer.flush();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  respond(
    stream: number,
    request: OpenRequest,
    body: Buffer,
    jsonBytes: number | undefined,
    timings: WorkerTimings,
  ): void {
    if (!this.#release(stream, request)) return;
    writeResponseHead(this.#responseHead, { ...timings, bodyBytes: body.length, jsonBytes });
    this.#writer.message(FRAME.RESPONSE, stream, this.#responseHead, [body], body.length);
  }

  fail(stream: number, request: OpenRequest, error: WorkerError): void {
    if (this.#release(stream, request)) this.#writer.frame(FRAME.ERROR, stream, encodeError(error));
  }

  #onFrame(type: FrameType, end: boolean, stream: number, payload: Buffer): void {
    switch (type) {
      case FRAME.REQUEST:
        this.#open(stream, end, payload);
        return;
      case FRAME.BODY: {
        // Parts of a request that was answered busy or cancelled may still be on their way.
        const request = this.#requests.get(stream);
        if (request) this.#append(request, end, payload);
        return;
      }
      case FRAME.CANCEL: {
        const request = this.#requests.get(stream);
        if (!request) return;
        this.#release(stream, request);
        this.#writer.abandon(stream);
        return;
      }
      case FRAME.PING:
        this.#writer.frame(FRAME.PONG, 0);
        return;
      case FRAME.HELLO:
        this.#peer = readHello(payload);
        return;
      case FRAME.DRAIN:
        this.drained = true;
        this.#onIdle();
        return;
      case FRAME.RESPONSE:
      case FRAME.ERROR:
      case FRAME.BUSY:
      case FRAME.PONG:
        throw new ChannelProtocolError(`frame type ${type} does not come from a gateway`);
    }
  }

  #open(stream: number, end: boolean, payload: Buffer): void {
    const head = readRequestHead(payload);
    const { maxRequests, maxBodyBytes, maxBufferedBytes } = this.#options;
    if (stream === 0 || this.#requests.has(stream))
      throw new ChannelProtocolError(`stream ${stream} is taken`);
    if (head.bodyBytes > maxBodyBytes) {
      throw new ChannelProtocolError(
        `a body of ${head.bodyBytes} bytes is over the limit of ${maxBodyBytes}`,
      );
    }
    const held = this.#held;
    if (held.draining || held.requests >= maxRequests || held.bytes + head.bodyBytes > maxBufferedBytes) {
      this.#writer.frame(FRAME.BUSY, stream);
      return;
    }
    const part = payload.subarray(REQUEST_HEAD_BYTES);
    // A request in one frame is used where it lies; a longer one is gathered in memory of its own.
    const request = new OpenRequest(this, stream, head, end ? part : Buffer.allocUnsafeSlow(head.bodyBytes));
    this.#requests.set(stream, request);
    held.requests++;
    held.bytes += head.bodyBytes;
    if (!end) return this.#append(request, false, part);
    if (part.length !== head.bodyBytes)
      throw new ChannelProtocolError('a body is not as long as its head says');
    request.complete = true;
    this.#options.onRequest(request);
  }

  #append(request: OpenRequest, end: boolean, part: Buffer): void {
    const received = request.received + part.length;
    if (request.complete || received > request.head.bodyBytes || (end && received < request.head.bodyBytes)) {
      throw new ChannelProtocolError('a body is not as long as its head says');
    }
    part.copy(request.body, request.received);
    request.received = received;
    if (!end) return;
    request.complete = true;
    this.#options.onRequest(request);
  }

  /** Gives the place of a request free; false when it had been given free before. */
  #release(stream: number, request: OpenRequest): boolean {
    if (this.#requests.get(stream) !== request) return false;
    this.#requests.delete(stream);
    this.#held.requests--;
    this.#held.bytes -= request.head.bodyBytes;
    request.cancelled = true;
    if (this.#held.draining) this.#onIdle();
    return true;
  }

  #onClose(): void {
    for (const [stream, request] of [...this.#requests]) this.#release(stream, request);
    this.drained = true;
    this.#onIdle();
  }
}

export class ChannelServer {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #held: Held = { requests: 0, bytes: 0, draining: false };
  #idleWaiter: (() => void) | undefined;

  constructor(options: ChannelServerOptions) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      const connection = new Connection(socket, options, this.#held, () => this.#idleWaiter?.());
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    });
  }

  /** Requests that are held now. */
  get requests(): number {
    return this.#held.requests;
  }

  /** Listens; resolves to the address it got, so that port 0 can be asked for. */
  listen(address: SocketAddress): Promise<SocketAddress> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        if (bound === null || typeof bound === 'string') resolve(address);
        else resolve({ host: bound.address, port: bound.port });
      });
    });
  }

  /**
   * Accepts nothing new, tells the gateways so, and resolves when all that was accepted is answered and every
   * gateway knows; then closes.
   */
  async drain(): Promise<void> {
    this.#held.draining = true;
    for (const connection of this.#connections) connection.drain();
    const acknowledged = this.#until((connection) => connection.drained);
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_ACK_TIMEOUT_MS).unref());
    await this.#until((connection) => connection.idle);
    await Promise.race([acknowledged, timeout]);
    for (const connection of this.#connections) connection.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Closes at once. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
    this.#server.close();
  }

  #until(condition: (connection: Connection) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const earlier = this.#idleWaiter;
      const check = () => {
        earlier?.();
        if ([...this.#connections].every(condition)) resolve();
      };
      this.#idleWaiter = check;
      check();
    });
  }
}
