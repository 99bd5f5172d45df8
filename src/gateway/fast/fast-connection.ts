/**
 * One client's connection on the fast path: ordinary inference requests, one after the other, read from the socket and
 * answered on it. At the first thing that is not ordinary the connection is handed to the HTTP server, for good.
 */
import type { Socket } from 'node:net';
import type { ChannelResponse } from '../../channel/channel.ts';
import { answerClientError } from '../client-error.ts';
import type { HttpErrorCode } from '../http-status.ts';
import type { InferCall } from '../infer-call.ts';
import { type InferClient, SHORT_BODY_BYTES, SMALL_ANSWER_BYTES } from '../infer-client.ts';
import type { FastContext } from './fast-context.ts';
import { readFastHead } from './read-head.ts';
import { errorText, successHead } from './write-answer.ts';

/** Bytes of requests behind the one under way that are taken from the kernel. */
const MAX_AHEAD_BYTES = 64 * 1024;

/** Set on a socket, so that its listeners need no function of their own for each connection. */
const CONNECTION = Symbol('connection');

type FastSocket = Socket & { [CONNECTION]: FastConnection };

export class FastConnection implements InferClient {
  readonly #front: FastContext<FastConnection>;
  readonly #socket: FastSocket;
  /** The request that comes in, is under way, or whose answer has not left yet. */
  #call: InferCall | undefined;
  /** Bytes that are still to come of the request's body, be it refused already. */
  #bodyLeft = 0;
  /** Whether an answer waits for a client that does not read it. */
  #flushing = false;
  /** Whether bytes are being taken, so that an answer in the midst of it need not see to what comes next. */
  #taking = false;
  /** What came behind the request under way. */
  #ahead: Buffer | undefined;
  /** Whether no request has come yet. */
  #fresh = true;
  /** Nothing more is read here: it ends, or is another's. */
  #over = false;
  /** When it last began to wait for its client, by the front's coarse clock. */
  #waitsSince: number;

  constructor(front: FastContext<FastConnection>, socket: Socket) {
    this.#front = front;
    this.#socket = socket as FastSocket;
    this.#waitsSince = front.coarseNow;
    this.#socket[CONNECTION] = this;
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('timeout', onTimeout);
  }

  /** Whether it waits for a request of which nothing has come. */
  get idle(): boolean {
    return this.#call === undefined && this.#bodyLeft === 0 && !this.#flushing;
  }

  close(): void {
    this.#socket.destroy();
  }

  onData(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#bodyLeft === 0 && !this.idle) this.#keep(chunk);
    else this.#take(chunk);
  }

  /** A client that says that it sends no more is gone, as it is for the HTTP server. */
  onEnd(): void {
    this.#over = true;
    this.#socket.end();
  }

  onClose(): void {
    this.#over = true;
    this.#front.forget(this);
    this.#call?.onClose();
    this.#call = undefined;
  }

  /** Ends a connection whose client has let too much time pass. @param now by the front's coarse clock */
  check(now: number): void {
    const { receiveTimeoutMs, keepAliveMs, headersTimeoutMs } = this.#front.options.limits;
    const waitedMs = now - this.#waitsSince;
    if (this.#over) return;
    if (this.#bodyLeft > 0) {
      if (waitedMs >= receiveTimeoutMs && !this.#call?.onReceiveTimeout()) this.#socket.destroy();
    } else if (this.idle && this.#fresh) {
      if (waitedMs >= headersTimeoutMs) this.#endSilent();
    } else if (this.idle && waitedMs >= keepAliveMs) {
      this.#socket.destroy();
    }
  }

  #endSilent(): void {
    this.#over = true;
    answerClientError({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, this.#socket);
    this.#socket.destroySoon();
  }

  answer(requestId: string, response: ChannelResponse): boolean {
    const { keepAliveEnd, closeEnd } = this.#front;
    const closes = this.#isLast();
    const head = successHead(response, requestId, closes ? closeEnd : keepAliveEnd);
    const { body, bodyBytes } = response;
    const [first] = body;
    const socket = this.#socket;
    if (body.length === 1 && first && bodyBytes <= SMALL_ANSWER_BYTES) {
      // As a string of its bytes it is joined with the head and leaves in one system call.
      socket.write(head + first.toString('latin1'), 'latin1');
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      for (const part of body) socket.write(part);
      socket.uncork();
    }
    return this.#onWritten(closes);
  }

  error(code: HttpErrorCode, message: string, requestId: string, ends: boolean): void {
    const { keepAliveEnd, closeEnd } = this.#front;
    const closes = ends || this.#isLast();
    this.#socket.write(errorText(code, message, requestId, closes ? closeEnd : keepAliveEnd));
    this.#onWritten(closes);
  }

  /** Bodies that are taken here are short enough to be heard out. */
  lingerThenCut(): void {}

  /** Whether the connection ends with this answer: not before what the client has sent behind it is answered too. */
  #isLast(): boolean {
    return this.#front.draining && this.#ahead === undefined;
  }

  /** @returns whether the answer has left */
  #onWritten(closes: boolean): boolean {
    const socket = this.#socket;
    this.#waitsSince = this.#front.coarseNow;
    const left = socket.writableLength === 0;
    if (left) this.#call = undefined;
    if (closes) {
      this.#over = true;
      if (!left) socket.setTimeout(this.#front.options.limits.stalledMs);
      socket.destroySoon();
    } else if (left) {
      this.#goOn();
    } else {
      this.#flushing = true;
      socket.setTimeout(this.#front.options.limits.stalledMs);
      // Written after the answer, nothing has left when the answer has.
      socket.write('', () => this.#onFlushed());
    }
    return left;
  }

  #onFlushed(): void {
    if (!this.#flushing) return;
    this.#flushing = false;
    this.#socket.setTimeout(0);
    this.#waitsSince = this.#front.coarseNow;
    this.#call?.onClose();
    this.#call = undefined;
    this.#goOn();
  }

  /** A client that does not wait for its answers before it sends more is served by the HTTP server from then on. */
  #goOn(): void {
    const ahead = this.#ahead;
    if (ahead && !this.#taking && this.idle && !this.#over) this.#handOver(ahead);
  }

  #keep(chunk: Buffer): void {
    this.#ahead = this.#ahead ? Buffer.concat([this.#ahead, chunk]) : chunk;
    if (this.#ahead.length >= MAX_AHEAD_BYTES) this.#socket.pause();
  }

  /** Takes bytes of one request, and keeps what comes behind it. */
  #take(bytes: Buffer): void {
    this.#taking = true;
    let rest = this.#bodyLeft === 0 ? this.#takeHead(bytes) : bytes;
    if (rest.length > 0 && !this.#over) rest = this.#takeBody(rest);
    this.#taking = false;
    if (rest.length === 0 || this.#over) return;
    this.#keep(rest);
    this.#goOn();
  }

  /** @returns what follows the head */
  #takeHead(bytes: Buffer): Buffer {
    const { head, options } = this.#front;
    const match =
      readFastHead(bytes, head) && head.contentLength <= SHORT_BODY_BYTES
        ? options.routeOf(head.target)
        : undefined;
    if (match?.model === undefined) {
      this.#handOver(bytes);
      return bytes;
    }
    this.#fresh = false;
    this.#waitsSince = this.#front.coarseNow;
    this.#bodyLeft = head.contentLength;
    const { headBytes } = head;
    this.#call = options.infer.begin(head.headers, match.model, match.version, this);
    return bytes.subarray(headBytes);
  }

  /** @returns what follows the body, or the part of it that came */
  #takeBody(bytes: Buffer): Buffer {
    const taken = Math.min(this.#bodyLeft, bytes.length);
    this.#bodyLeft -= taken;
    this.#call?.onData(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    if (this.#bodyLeft === 0) this.#call?.onBody();
    return bytes.subarray(taken);
  }

  /** Gives the connection to the HTTP server, as it came. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#over = true;
    this.#front.forget(this);
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('error', onError);
    socket.off('close', onClose);
    socket.off('timeout', onTimeout);
    this.#front.options.handOver(socket, bytes);
  }
}

function onData(this: FastSocket, chunk: Buffer): void {
  this[CONNECTION].onData(chunk);
}

function onEnd(this: FastSocket): void {
  this[CONNECTION].onEnd();
}

function onClose(this: FastSocket): void {
  this[CONNECTION].onClose();
}

/** Nothing moves towards a client that does not read. */
function onTimeout(this: FastSocket): void {
  this.destroy();
}

/** Its close follows, and says all. */
function onError(): void {}
