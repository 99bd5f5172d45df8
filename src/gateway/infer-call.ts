/** One inference request: gathers its body, has it answered, gives the answer to its client, and gives back what it held. */
import type { ChannelResponse } from '../channel/channel.ts';
import type { ExchangeErrorCode, ExchangeOwner, ExchangeTerms } from './exchange.ts';
import { type HttpErrorCode, httpStatus, STATUS_CLIENT_LEFT } from './http-status.ts';
import type { InferClient } from './infer-client.ts';
import { type InferContext, TOO_MANY_BYTES } from './infer-context.ts';
import type { RoutedExchange, VersionRoute } from './model-route.ts';

/** Chunks below this are put together. */
const SMALL_CHUNK_BYTES = 2 * 1024;
const TAIL_BYTES = 16 * 1024;
const NO_BODY: readonly Buffer[] = [];

export interface CallTerms extends ExchangeTerms {
  /** When its head had come, monotonic milliseconds. */
  readonly startedAt: number;
}

export class InferCall implements ExchangeOwner<VersionRoute> {
  readonly #context: InferContext;
  readonly #route: VersionRoute;
  readonly #terms: CallTerms;
  readonly #requestId: string;
  readonly #jsonBytes: number | undefined;
  readonly #client: InferClient;
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
    client: InferClient,
  ) {
    this.#context = context;
    this.#route = route;
    this.#terms = terms;
    this.#requestId = requestId;
    this.#jsonBytes = jsonBytes;
    this.#client = client;
  }

  onAnswer(exchange: RoutedExchange, response: ChannelResponse): void {
    const { now, epoch, maxBufferedBytes } = this.#context.options;
    const { bodyBytes, timings } = response;
    // A client that does not read holds its answer here, as one that sends slowly holds its request.
    if (this.#context.bufferedBytes - this.#bodyBytes + bodyBytes > maxBufferedBytes) {
      this.#fail('UNAVAILABLE', 'too many bytes of answers are held; try again soon', exchange);
      return;
    }
    const waitedMs = exchange.sentAt - exchange.acceptedAt;
    exchange.route.statistics.onAnswered(now() - this.#terms.startedAt, waitedMs, timings, epoch());
    this.#end(exchange, 200, undefined);
    if (this.#client.answer(this.#requestId, response)) return;
    this.#answerBytes = bodyBytes;
    this.#context.hold(this.#route, bodyBytes);
  }

  /** The client was too slow. False when its request is complete, so that what did not come in time is something else. */
  onReceiveTimeout(): boolean {
    if (this.#ended || this.#exchange) return false;
    const { receiveTimeoutMs } = this.#context.options;
    this.#fail('BODY_TIMEOUT', `the request did not come in within ${receiveTimeoutMs} ms`);
    return true;
  }

  onError(exchange: RoutedExchange, code: ExchangeErrorCode, message: string): void {
    this.#fail(code, message, exchange);
  }

  /** Takes the next part of the body. */
  onData(chunk: Buffer): void {
    if (this.#ended) return;
    const { maxBodyBytes } = this.#context.options;
    const hasRoom = this.#context.hasRoomFor(this.#route, chunk.length);
    this.#gather(chunk);
    this.#bodyBytes += chunk.length;
    this.#context.hold(this.#route, chunk.length);
    if (this.#bodyBytes > maxBodyBytes) {
      this.#fail('BODY_TOO_LARGE', `the body has more than ${maxBodyBytes} bytes, which is the limit`);
      this.#client.lingerThenCut();
    } else if (!hasRoom) {
      this.#route.statistics.onRefused('gateway_full');
      this.#fail(TOO_MANY_BYTES.code, TOO_MANY_BYTES.message);
      this.#client.lingerThenCut();
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

  /** The body is complete. */
  onBody(): void {
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
  onClose(): void {
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
    this.#client.error(code, message, this.#requestId, code === 'BODY_TIMEOUT');
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
