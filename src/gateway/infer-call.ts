/** One inference request over HTTP: gathers its body, has it answered, writes the answer, gives back what it held. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChannelResponse } from '../channel/channel.ts';
import { RECEIVING, type Receiving, type ReceivingSocket } from './client-error.ts';
import type { ExchangeErrorCode, ExchangeOwner, ExchangeTerms } from './exchange.ts';
import { type HttpErrorCode, httpStatus, STATUS_CLIENT_LEFT } from './http-status.ts';
import { type InferContext, TOO_MANY_BYTES } from './infer-context.ts';
import { lingerThenCut } from './linger.ts';
import type { RoutedExchange, VersionRoute } from './model-route.ts';
import { replyError } from './reply.ts';

/** Answers up to this size go out in one write with their header; larger ones are not worth the copy. */
const SMALL_ANSWER_BYTES = 16 * 1024;
/** Chunks below this are put together. */
const SMALL_CHUNK_BYTES = 2 * 1024;
const TAIL_BYTES = 16 * 1024;
const NO_BODY: readonly Buffer[] = [];

export interface CallTerms extends ExchangeTerms {
  /** When its head had come, monotonic milliseconds. */
  readonly startedAt: number;
}

export class InferCall implements ExchangeOwner<VersionRoute>, Receiving {
  readonly #context: InferContext;
  readonly #route: VersionRoute;
  readonly #terms: CallTerms;
  readonly #requestId: string;
  readonly #jsonBytes: number | undefined;
  readonly #res: ServerResponse;
  #body: Buffer[] = [];
  #bodyBytes = 0;
  /** Small chunks that were put together, not among the body yet. */
  #tail: Buffer | undefined;
  #tailBytes = 0;
  /** Bytes of the answer until the client has taken them. */
  #answerBytes = 0;
  #exchange: RoutedExchange | undefined;
  #ended = false;

  constructor(
    context: InferContext,
    route: VersionRoute,
    terms: CallTerms,
    requestId: string,
    jsonBytes: number | undefined,
    res: ServerResponse,
  ) {
    this.#context = context;
    this.#route = route;
    this.#terms = terms;
    this.#requestId = requestId;
    this.#jsonBytes = jsonBytes;
    this.#res = res;
  }

  receive(req: IncomingMessage): void {
    (req.socket as ReceivingSocket)[RECEIVING] = this;
    req.on('data', (chunk: Buffer) => this.#onData(req, chunk));
    req.on('end', () => this.#onBody());
    this.#res.on('close', () => this.#onClose());
  }

  onAnswer(exchange: RoutedExchange, response: ChannelResponse): void {
    const { now, epoch, maxBufferedBytes } = this.#context.options;
    const { body, bodyBytes, jsonBytes, timings } = response;
    // A client that does not read holds its answer here, as one that sends slowly holds its request.
    if (this.#context.bufferedBytes - this.#bodyBytes + bodyBytes > maxBufferedBytes) {
      this.#fail('UNAVAILABLE', 'too many bytes of answers are held; try again soon', exchange);
      return;
    }
    const waitedMs = exchange.sentAt - exchange.acceptedAt;
    exchange.route.statistics.onAnswered(now() - this.#terms.startedAt, waitedMs, timings, epoch());
    this.#end(exchange, 200, undefined);
    this.#answerBytes = bodyBytes;
    this.#context.hold(this.#route, bodyBytes);
    const headers = [
      'content-type',
      jsonBytes === undefined ? 'application/json' : 'application/octet-stream',
      'content-length',
      String(bodyBytes),
      'x-request-id',
      this.#requestId,
    ];
    if (jsonBytes !== undefined) headers.push('inference-header-content-length', String(jsonBytes));
    const res = this.#res;
    res.writeHead(200, headers);
    const [first] = body;
    if (body.length === 1 && first && first.length <= SMALL_ANSWER_BYTES) {
      // As a string of its bytes it is joined with the header and leaves in one system call.
      res.end(first.toString('latin1'), 'latin1');
      return;
    }
    for (const part of body) res.write(part);
    res.end();
  }

  onReceiveTimeout(): boolean {
    if (this.#ended || this.#exchange) return false;
    const { receiveTimeoutMs } = this.#context.options;
    this.#fail('BODY_TIMEOUT', `the request did not come in within ${receiveTimeoutMs} ms`);
    return true;
  }

  onError(exchange: RoutedExchange, code: ExchangeErrorCode, message: string): void {
    this.#fail(code, message, exchange);
  }

  #onData(req: IncomingMessage, chunk: Buffer): void {
    if (this.#ended) return;
    const { maxBodyBytes } = this.#context.options;
    const hasRoom = this.#context.hasRoomFor(this.#route, chunk.length);
    this.#gather(chunk);
    this.#bodyBytes += chunk.length;
    this.#context.hold(this.#route, chunk.length);
    if (this.#bodyBytes > maxBodyBytes) {
      this.#fail('BODY_TOO_LARGE', `the body has more than ${maxBodyBytes} bytes, which is the limit`);
      lingerThenCut(req);
    } else if (!hasRoom) {
      this.#route.statistics.onRefused('gateway_full');
      this.#fail(TOO_MANY_BYTES.code, TOO_MANY_BYTES.message);
      lingerThenCut(req);
    }
  }

  /** Keeps a chunk: the first as it is, later small ones put together, since a buffer for each costs more than they. */
  #gather(chunk: Buffer): void {
    if (this.#body.length === 0 || chunk.length >= SMALL_CHUNK_BYTES) {
      this.#closeTail();
      this.#body.push(chunk);
      return;
    }
    if (this.#tail && this.#tail.length - this.#tailBytes < chunk.length) this.#closeTail();
    this.#tail ??= Buffer.allocUnsafe(TAIL_BYTES);
    this.#tailBytes += chunk.copy(this.#tail, this.#tailBytes);
  }

  #closeTail(): void {
    if (this.#tail) this.#body.push(this.#tail.subarray(0, this.#tailBytes));
    this.#tail = undefined;
    this.#tailBytes = 0;
  }

  #onBody(): void {
    if (this.#ended) return;
    const { dispatcher } = this.#context.options;
    if (this.#bodyBytes === 0) {
      this.#fail(
        'BAD_REQUEST',
        'the request has no body; POST {"inputs":[{"name","shape","datatype","data"}]}',
      );
      return;
    }
    if (this.#jsonBytes !== undefined && this.#jsonBytes > this.#bodyBytes) {
      const message = `inference-header-content-length is ${this.#jsonBytes}, but the body has ${this.#bodyBytes} bytes`;
      this.#fail('BAD_REQUEST', message);
      return;
    }
    this.#closeTail();
    const request = {
      body: this.#body,
      bodyBytes: this.#bodyBytes,
      jsonBytes: this.#jsonBytes,
      timeoutMs: 0,
    };
    const exchange = dispatcher.start(this.#route, request, this.#terms, this);
    if (!this.#ended) this.#exchange = exchange;
  }

  /** The answer is with the client, or the client is gone. */
  #onClose(): void {
    this.#context.hold(this.#route, -this.#answerBytes);
    this.#answerBytes = 0;
    if (this.#ended) return;
    const { dispatcher } = this.#context.options;
    const exchange = this.#exchange;
    if (exchange) dispatcher.cancel(exchange);
    (exchange?.route ?? this.#route).statistics.onFailed(STATUS_CLIENT_LEFT);
    this.#end(exchange, STATUS_CLIENT_LEFT, 'the client left');
  }

  #fail(code: HttpErrorCode, message: string, exchange?: RoutedExchange): void {
    const status = httpStatus(code);
    (exchange?.route ?? this.#route).statistics.onFailed(status);
    this.#end(exchange, status, message);
    replyError(this.#res, code, message, {
      'x-request-id': this.#requestId,
      ...(code === 'BODY_TIMEOUT' ? { connection: 'close' } : {}),
    });
  }

  /** Gives back what the request held, once. */
  #end(exchange: RoutedExchange | undefined, status: number, error: string | undefined): void {
    this.#ended = true;
    this.#context.hold(this.#route, -this.#bodyBytes);
    this.#bodyBytes = 0;
    this.#body = NO_BODY as Buffer[];
    this.#tail = undefined;
    // Asked before the summary is made: most requests have none.
    if (!this.#context.isLogged(status)) return;
    const { now, onLog } = this.#context.options;
    const route = exchange?.route ?? this.#route;
    onLog({
      request_id: this.#requestId,
      id_model: route.id_model,
      version: route.version,
      id_worker: exchange?.link?.id_worker,
      status,
      duration_ms: now() - this.#terms.startedAt,
      error,
    });
  }
}
