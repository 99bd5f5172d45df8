/** One gateway's connection at a worker: assembles its requests, sends its answers. */
import type { Socket } from 'node:net';
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
import { StreamTable } from './stream-table.ts';

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

/** What the connections of one server hold together. */
export interface Held {
  requests: number;
  bytes: number;
  draining: boolean;
}

class OpenRequest implements ServerRequest {
  readonly head: RequestHead;
  readonly #connection: ServerConnection;
  readonly #stream: number;
  body: Buffer;
  received = 0;
  complete = false;
  cancelled = false;

  constructor(connection: ServerConnection, stream: number, head: RequestHead, body: Buffer) {
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

export class ServerConnection {
  readonly #options: ChannelServerOptions;
  readonly #held: Held;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #requests = new StreamTable<OpenRequest>();
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
    this.#writer = new FrameWriter(socket, 'task');
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
    this.#requests.add(stream, request);
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
    this.#requests.take(stream);
    this.#held.requests--;
    this.#held.bytes -= request.head.bodyBytes;
    request.cancelled = true;
    if (this.#held.draining) this.#onIdle();
    return true;
  }

  #onClose(): void {
    for (const [stream, request] of this.#requests.entries()) this.#release(stream, request);
    this.drained = true;
    this.#onIdle();
  }
}
