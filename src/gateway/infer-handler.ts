/** The data path over HTTP: takes an inference request's body as it comes, has it answered, writes the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChannelResponse } from '../channel/channel.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { ExchangeErrorCode, ExchangeOwner } from './exchange.ts';
import type { Fleet } from './fleet.ts';
import { type HttpErrorCode, httpStatus, STATUS_CLIENT_LEFT } from './http-status.ts';
import type { RoutedExchange, VersionRoute } from './model-route.ts';
import { replyError } from './reply.ts';
import { type RequestHeaders, readHeaders } from './request-headers.ts';
import type { RequestIds } from './request-id.ts';

export interface InferHandlerOptions {
  readonly fleet: Fleet;
  readonly dispatcher: Dispatcher;
  readonly requestIds: RequestIds;
  readonly maxBodyBytes: number;
  /** Bytes of request bodies held at once at most, over all requests. */
  readonly maxBufferedBytes: number;
  readonly requestTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly epoch: () => number;
  /** Whether requests that ended well are logged too. */
  readonly accessLog: boolean;
  readonly onLog: (summary: RequestSummary) => void;
}

/** What the log says of a request. */
export interface RequestSummary {
  readonly request_id: string;
  readonly id_model: string;
  readonly version: string;
  readonly id_worker: string | undefined;
  readonly status: number;
  readonly duration_ms: number;
  readonly error: string | undefined;
}

/** Answers up to this size go out in one write with their header; larger ones are not worth the copy. */
const SMALL_ANSWER_BYTES = 16 * 1024;
/** How long a client whose body was refused may go on sending before the connection is cut, milliseconds. */
const LINGER_MS = 1_000;
const NO_BODY: readonly Buffer[] = [];

export class InferHandler {
  readonly options: InferHandlerOptions;
  /** Bytes of request bodies that are held now. */
  bufferedBytes = 0;
  /** Requests for models that are not served. */
  unknownModel = 0;

  constructor(options: InferHandlerOptions) {
    this.options = options;
  }

  /** @param expectsContinue the client waits for leave to send its body */
  handle(
    req: IncomingMessage,
    res: ServerResponse,
    id_model: string,
    version: string | undefined,
    expectsContinue: boolean,
  ): void {
    const headers = readHeaders(req.rawHeaders);
    const { fleet, requestIds, maxBodyBytes, maxBufferedBytes } = this.options;
    const requestId = requestIds.of(headers.requestId);
    const refuse = (code: HttpErrorCode, message: string) =>
      refuseBody(req, res, code, message, requestId, expectsContinue);
    const route = fleet.find(id_model, version);
    if (!route) {
      this.unknownModel++;
      const what = version === undefined ? '' : ` version "${version}"`;
      return refuse('UNKNOWN_MODEL', `unknown model "${id_model}"${what}; GET /v2/models lists those served`);
    }
    if (!isServedMedia(headers.contentType)) {
      return refuse(
        'UNSUPPORTED_MEDIA',
        `content-type "${headers.contentType}" is not served; send application/json or application/octet-stream`,
      );
    }
    if (headers.contentEncoding !== undefined && headers.contentEncoding !== 'identity') {
      return refuse(
        'UNSUPPORTED_MEDIA',
        `content-encoding "${headers.contentEncoding}" is not served; send it plain`,
      );
    }
    const jsonBytes = readJsonLength(headers);
    if (jsonBytes === null) {
      return refuse('BAD_REQUEST', 'inference-header-content-length is not a number of bytes');
    }
    const announced = headers.contentLength === undefined ? 0 : Number(headers.contentLength);
    if (announced > maxBodyBytes) {
      return refuse('BODY_TOO_LARGE', `the body has ${announced} bytes; the limit is ${maxBodyBytes}`);
    }
    if (this.bufferedBytes + announced > maxBufferedBytes) {
      return refuse('UNAVAILABLE', 'too many bytes of requests are held; try again soon');
    }
    if (expectsContinue) res.writeContinue();
    new InferCall(this, route, version, requestId, jsonBytes, res).receive(req);
  }
}

/** One request and its answer. */
class InferCall implements ExchangeOwner<VersionRoute> {
  readonly #handler: InferHandler;
  readonly #route: VersionRoute;
  readonly #version: string | undefined;
  readonly #requestId: string;
  readonly #jsonBytes: number | undefined;
  readonly #res: ServerResponse;
  readonly #startedAt: number;
  #body: Buffer[] = [];
  #bodyBytes = 0;
  #exchange: RoutedExchange | undefined;
  #ended = false;

  constructor(
    handler: InferHandler,
    route: VersionRoute,
    version: string | undefined,
    requestId: string,
    jsonBytes: number | undefined,
    res: ServerResponse,
  ) {
    this.#handler = handler;
    this.#route = route;
    this.#version = version;
    this.#requestId = requestId;
    this.#jsonBytes = jsonBytes;
    this.#res = res;
    this.#startedAt = handler.options.now();
  }

  receive(req: IncomingMessage): void {
    req.on('data', (chunk: Buffer) => this.#onData(req, chunk));
    req.on('end', () => this.#onBody());
    // Emitted after an answer too; then there is nothing left to do.
    this.#res.on('close', () => this.#onClientLeft());
  }

  onAnswer(exchange: RoutedExchange, response: ChannelResponse): void {
    const { now, epoch } = this.#handler.options;
    const res = this.#res;
    const headers = [
      'content-type',
      response.jsonBytes === undefined ? 'application/json' : 'application/octet-stream',
      'content-length',
      String(response.bodyBytes),
      'x-request-id',
      this.#requestId,
    ];
    if (response.jsonBytes !== undefined) {
      headers.push('inference-header-content-length', String(response.jsonBytes));
    }
    exchange.route.statistics.onAnswered(200, now() - this.#startedAt, response.timings, epoch());
    this.#end(exchange, 200, undefined);
    res.writeHead(200, headers);
    const [first] = response.body;
    if (response.body.length === 1 && first && first.length <= SMALL_ANSWER_BYTES) {
      // As a string of its bytes it is joined with the header and leaves in one system call.
      res.end(first.toString('latin1'), 'latin1');
      return;
    }
    for (const part of response.body) res.write(part);
    res.end();
  }

  onError(exchange: RoutedExchange, code: ExchangeErrorCode, message: string): void {
    this.#fail(code, message, exchange);
  }

  #onData(req: IncomingMessage, chunk: Buffer): void {
    if (this.#ended) return;
    const { maxBodyBytes, maxBufferedBytes } = this.#handler.options;
    this.#body.push(chunk);
    this.#bodyBytes += chunk.length;
    this.#handler.bufferedBytes += chunk.length;
    if (this.#bodyBytes > maxBodyBytes) {
      this.#fail('BODY_TOO_LARGE', `the body has more than ${maxBodyBytes} bytes, which is the limit`);
      lingerThenCut(req);
    } else if (this.#handler.bufferedBytes > maxBufferedBytes) {
      this.#fail('UNAVAILABLE', 'too many bytes of requests are held; try again soon');
      lingerThenCut(req);
    }
  }

  #onBody(): void {
    if (this.#ended) return;
    const { dispatcher, requestTimeoutMs } = this.#handler.options;
    if (this.#bodyBytes === 0) {
      this.#fail(
        'BAD_REQUEST',
        'the request has no body; POST {"inputs":[{"name","shape","datatype","data"}]}',
      );
      return;
    }
    const request = {
      body: this.#body,
      bodyBytes: this.#bodyBytes,
      jsonBytes: this.#jsonBytes,
      timeoutMs: requestTimeoutMs,
    };
    const exchange = dispatcher.start(this.#route, this.#version, request, this);
    if (!this.#ended) this.#exchange = exchange;
  }

  #onClientLeft(): void {
    if (this.#ended) return;
    const { now, dispatcher } = this.#handler.options;
    const exchange = this.#exchange;
    if (exchange) dispatcher.cancel(exchange);
    (exchange?.route ?? this.#route).statistics.onFailed(STATUS_CLIENT_LEFT, now() - this.#startedAt);
    this.#end(exchange, STATUS_CLIENT_LEFT, 'the client left');
  }

  #fail(code: HttpErrorCode, message: string, exchange?: RoutedExchange): void {
    const { now } = this.#handler.options;
    const status = httpStatus(code);
    (exchange?.route ?? this.#route).statistics.onFailed(status, now() - this.#startedAt);
    this.#end(exchange, status, message);
    replyError(this.#res, code, message, {
      'x-request-id': this.#requestId,
      ...(code === 'BODY_TOO_LARGE' ? { connection: 'close' } : {}),
    });
  }

  /** Gives back what the request held, once. */
  #end(exchange: RoutedExchange | undefined, status: number, error: string | undefined): void {
    this.#ended = true;
    this.#handler.bufferedBytes -= this.#bodyBytes;
    this.#bodyBytes = 0;
    this.#body = NO_BODY as Buffer[];
    const { now, accessLog, onLog } = this.#handler.options;
    if (status < 500 && !accessLog) return;
    const route = exchange?.route ?? this.#route;
    onLog({
      request_id: this.#requestId,
      id_model: route.id_model,
      version: route.version,
      id_worker: exchange?.link?.id_worker,
      status,
      duration_ms: now() - this.#startedAt,
      error,
    });
  }
}

/** Answers before the body was read. The body is not kept, and a client that goes on sending it is cut off. */
function refuseBody(
  req: IncomingMessage,
  res: ServerResponse,
  code: HttpErrorCode,
  message: string,
  requestId: string,
  expectsContinue: boolean,
): void {
  const tooLarge = code === 'BODY_TOO_LARGE';
  // A client that was refused leave to send will not send; without asking, it may be about to send it all.
  const close = tooLarge || expectsContinue;
  replyError(res, code, message, { 'x-request-id': requestId, ...(close ? { connection: 'close' } : {}) });
  if (tooLarge) lingerThenCut(req);
  else req.resume();
}

/**
 * Cuts a connection whose body is too large a little later, dropping what comes until then: closing at once would
 * reset it, and the client would lose the answer that says why.
 */
function lingerThenCut(req: IncomingMessage): void {
  req.resume();
  const timer = setTimeout(() => req.destroy(), LINGER_MS);
  req.once('close', () => clearTimeout(timer));
}

function isServedMedia(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType === 'application/json') return true;
  const [media = '', ...parameters] = contentType.toLowerCase().split(';');
  if (media.trim() === 'application/octet-stream') return true;
  if (media.trim() !== 'application/json') return false;
  return parameters.every(
    (one) => !one.trim().startsWith('charset=') || /^charset="?utf-8"?$/.test(one.trim()),
  );
}

/** Undefined without the header, null when it is not a number of bytes. */
function readJsonLength({ jsonLength }: RequestHeaders): number | undefined | null {
  if (jsonLength === undefined) return undefined;
  return /^\d{1,10}$/.test(jsonLength) ? Number(jsonLength) : null;
}
