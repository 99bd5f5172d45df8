/** The gateway's end of the turntable channel to one worker: sends, matches answers, notices silence, reconnects. */
import { connect, type Socket } from 'node:net';
import type { Channel, ChannelFailure, ChannelRequest, ChannelState, ResponseSink } from './channel.ts';
import { parseEndpoint, type SocketAddress } from './endpoint.ts';
import { ChannelProtocolError, FRAME, type FrameType } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { FrameWriter } from './frame-writer.ts';
import {
  encodeHello,
  REQUEST_HEAD_BYTES,
  RESPONSE_HEAD_BYTES,
  type ResponseHead,
  readError,
  readHello,
  readResponseHead,
  writeRequestHead,
} from './messages.ts';
import { StreamTable } from './stream-table.ts';

/** A quiet connection is pinged after this long. */
const PING_AFTER_MS = 150;
/** A ping unanswered for this long, with nothing else heard, means that the worker does not run. */
const PING_TIMEOUT_MS = 450;
/** A tick later than this says that our own process did not run, so silence proves nothing. */
const LATE_TICK_MS = 250;
const RECONNECT_MIN_MS = 20;
const RECONNECT_MAX_MS = 1_000;

export interface TurntableChannelOptions {
  readonly endpoint: string;
  /** Who must answer there: a socket path may have passed to another worker. */
  readonly id_worker: string;
  /** How this end calls itself. */
  readonly name: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onStateChange: (state: ChannelState, reason: string) => void;
}

interface Pending {
  readonly sink: ResponseSink;
  head: ResponseHead | undefined;
  received: number;
  body: Buffer[];
}

export class TurntableChannel implements Channel {
  readonly tellsQueue = true;
  readonly wantsAlone = false;
  readonly #options: TurntableChannelOptions;
  readonly #address: SocketAddress;
  readonly #pending = new StreamTable<Pending>();
  readonly #requestHead = Buffer.alloc(REQUEST_HEAD_BYTES);
  #state: ChannelState = 'connecting';
  #socket: Socket | undefined;
  #writer: FrameWriter | undefined;
  #drains = false;
  #lastHeard = 0;
  #pingSentAt: number | undefined;
  #lastTick: number;
  #reconnectMs = RECONNECT_MIN_MS;
  #reconnectTimer: NodeJS.Timeout | undefined;

  /** @throws EndpointError */
  constructor(options: TurntableChannelOptions) {
    this.#options = options;
    this.#address = parseEndpoint(options.endpoint);
    this.#lastTick = options.now();
    this.#connect();
  }

  get state(): ChannelState {
    return this.#state;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  send(request: ChannelRequest, sink: ResponseSink): number {
    const writer = this.#writer as FrameWriter;
    const stream = this.#pending.nextFree();
    this.#pending.add(stream, { sink, head: undefined, received: 0, body: [] });
    writeRequestHead(this.#requestHead, request);
    writer.message(FRAME.REQUEST, stream, this.#requestHead, request.body, request.bodyBytes);
    return stream;
  }

  cancel(stream: number): void {
    if (!this.#pending.take(stream)) return;
    this.#writer?.abandon(stream);
    this.#writer?.frame(FRAME.CANCEL, stream);
  }

  tick(): void {
    const now = this.#options.now();
    const gap = now - this.#lastTick;
    this.#lastTick = now;
    if (!this.#writer || this.#state === 'connecting' || this.#state === 'closed') return;
    if (this.#pingSentAt === undefined) {
      if (now - this.#lastHeard < PING_AFTER_MS) return;
      this.#pingSentAt = now;
      this.#writer.frame(FRAME.PING, 0);
    } else if (gap > LATE_TICK_MS) {
      this.#pingSentAt = now;
    } else if (now - this.#pingSentAt > PING_TIMEOUT_MS && this.#state !== 'unresponsive') {
      // The state first: what fails is sent again at once, and must not choose this channel.
      this.#setState('unresponsive', `no answer to a ping for ${Math.round(now - this.#pingSentAt)} ms`);
      this.#fail('unresponsive');
    }
  }

  close(): void {
    clearTimeout(this.#reconnectTimer);
    this.#setState('closed', 'closed by the gateway');
    this.#socket?.destroy();
    this.#fail('lost');
  }

  #connect(): void {
    const socket = connect({ ...this.#address, noDelay: true });
    const decoder = new FrameDecoder((type, end, stream, payload) =>
      this.#onFrame(type, end, stream, payload),
    );
    let reason = 'the worker closed the connection';
    this.#socket = socket;
    socket.on('connect', () => {
      this.#writer = new FrameWriter(socket, 'turn');
      this.#writer.frame(FRAME.HELLO, 0, encodeHello(this.#options.name));
    });
    socket.on('data', (chunk) => {
      this.#lastHeard = this.#options.now();
      this.#pingSentAt = undefined;
      if (this.#state === 'unresponsive') this.#setState(this.#drains ? 'draining' : 'open', 'answers again');
      try {
        decoder.push(chunk as Buffer);
      } catch (error) {
        if (!(error instanceof ChannelProtocolError)) throw error;
        reason = error.message;
        socket.destroy();
      }
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => this.#onClose(reason));
  }

  #onClose(reason: string): void {
    this.#writer = undefined;
    this.#pingSentAt = undefined;
    if (this.#state === 'closed') return;
    this.#setState('connecting', reason);
    this.#fail('lost');
    this.#reconnectTimer = setTimeout(() => this.#connect(), this.#reconnectMs);
    this.#reconnectMs = Math.min(2 * this.#reconnectMs, RECONNECT_MAX_MS);
  }

  #onFrame(type: FrameType, end: boolean, stream: number, payload: Buffer): void {
    switch (type) {
      case FRAME.RESPONSE:
      case FRAME.BODY:
        this.#onResponsePart(type, end, stream, payload);
        return;
      case FRAME.ERROR:
        this.#pending.take(stream)?.sink.onError(readError(payload));
        return;
      case FRAME.BUSY:
        // The rest of its body would be dropped there.
        this.#writer?.abandon(stream);
        this.#pending.take(stream)?.sink.onFailure('busy');
        return;
      case FRAME.PONG:
        return;
      case FRAME.HELLO: {
        const id_worker = readHello(payload);
        if (id_worker !== this.#options.id_worker) {
          throw new ChannelProtocolError(
            `worker ${id_worker} answered in place of ${this.#options.id_worker}`,
          );
        }
        this.#reconnectMs = RECONNECT_MIN_MS;
        this.#setState('open', 'connected');
        return;
      }
      case FRAME.DRAIN:
        this.#drains = true;
        this.#setState('draining', 'the worker drains');
        this.#writer?.frame(FRAME.DRAIN, 0);
        return;
      case FRAME.REQUEST:
      case FRAME.CANCEL:
      case FRAME.PING:
        throw new ChannelProtocolError(`frame type ${type} does not come from a worker`);
    }
  }

  #onResponsePart(type: FrameType, end: boolean, stream: number, payload: Buffer): void {
    const pending = this.#pending.get(stream);
    // The tail of an answer whose request was cancelled meanwhile.
    if (!pending) return;
    let part = payload;
    if (type === FRAME.RESPONSE) {
      pending.head = readResponseHead(payload);
      part = payload.subarray(RESPONSE_HEAD_BYTES);
    }
    const head = pending.head;
    if (!head) throw new ChannelProtocolError('a response body came before its head');
    pending.received += part.length;
    pending.body.push(part);
    if (pending.received > head.bodyBytes || (end && pending.received < head.bodyBytes)) {
      throw new ChannelProtocolError('a response body is not as long as its head says');
    }
    if (!end) return;
    this.#pending.take(stream);
    pending.sink.onResponse({
      body: pending.body,
      bodyBytes: head.bodyBytes,
      jsonBytes: head.jsonBytes,
      timings: head,
    });
  }

  /** Hands every request under way back, so that it can go elsewhere. */
  #fail(failure: ChannelFailure): void {
    const failed = this.#pending.entries();
    for (const [stream] of failed) this.#pending.take(stream);
    this.#writer?.abandonAll();
    // A worker that only was frozen drops what nobody waits for any more.
    for (const [stream] of failed) this.#writer?.frame(FRAME.CANCEL, stream);
    for (const [, pending] of failed) pending.sink.onFailure(failure);
  }

  #setState(state: ChannelState, reason: string): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#options.onStateChange(state, reason);
  }
}
