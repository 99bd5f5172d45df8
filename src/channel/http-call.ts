/** One request on its way to a server that speaks HTTP, until it is answered, lost, or given up. */
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { ChannelRequest, ResponseSink } from './channel.ts';
import type { HttpTarget } from './endpoint.ts';
import { MAX_ERROR_BODY_BYTES } from './http-answer.ts';

/** The other end of a call; exactly one of the outcomes comes, unless the call is abandoned. */
export interface HttpCallOwner {
  /** Some of the answer has come. */
  onHeard(): void;
  /** The whole answer. @param jsonLength as its header has it */
  onAnswer(call: HttpCall, status: number, body: readonly Buffer[], jsonLength: string | undefined): void;
  /** The answer is longer than it may be. */
  onTooLong(call: HttpCall): void;
  /** The connection failed before the whole answer came. @param reached whether there was a connection at all */
  onLost(call: HttpCall, reason: string, reached: boolean): void;
}

/** Which call a request or an answer of node:http belongs to: saves a closure for each of its events. */
const CALL = Symbol('call');

type OfCall<T> = T & { [CALL]: HttpCall };

export class HttpCall {
  readonly stream: number;
  readonly sink: ResponseSink;
  /** Monotonic milliseconds. */
  readonly sentAt: number;
  /** Whether nothing else was under way there when it was sent. */
  readonly alone: boolean;
  readonly #owner: HttpCallOwner;
  readonly #maxAnswerBytes: number;
  readonly #request: ClientRequest;
  #response: IncomingMessage | undefined;
  #body: Buffer[] = [];
  bodyBytes = 0;
  #reason = 'the server closed the connection';
  #reached = true;
  #settled = false;

  constructor(
    place: { readonly stream: number; readonly sentAt: number; readonly alone: boolean },
    { body, bodyBytes, jsonBytes, timeoutMs }: ChannelRequest,
    sink: ResponseSink,
    way: { readonly target: HttpTarget; readonly agent: Agent; readonly maxAnswerBytes: number },
    owner: HttpCallOwner,
  ) {
    this.stream = place.stream;
    this.sentAt = place.sentAt;
    this.alone = place.alone;
    this.sink = sink;
    this.#maxAnswerBytes = way.maxAnswerBytes;
    this.#owner = owner;
    const { target, agent } = way;
    const headers = [
      ...['host', target.authority],
      ...['content-type', jsonBytes === undefined ? 'application/json' : 'application/octet-stream'],
      ...['content-length', String(bodyBytes)],
      ...['x-request-timeout-ms', String(Math.max(1, Math.floor(timeoutMs)))],
    ];
    if (jsonBytes !== undefined) headers.push('inference-header-content-length', String(jsonBytes));
    const { protocol, host, port, path } = target;
    const outgoing = request({ protocol, host, port, path, method: 'POST', agent, headers });
    this.#request = outgoing;
    (outgoing as OfCall<ClientRequest>)[CALL] = this;
    outgoing.on('response', onResponse);
    outgoing.on('error', onRequestError);
    outgoing.on('close', onRequestClose);
    const last = body.length - 1;
    for (let i = 0; i < last; i++) outgoing.write(body[i] as Buffer);
    outgoing.end(body[last]);
  }

  /** The owner wants to hear nothing more of it; the server sees its connection end. */
  abandon(): void {
    this.#settled = true;
    this.#request.destroy();
  }

  /** For the listeners below. */
  begin(response: IncomingMessage): void {
    this.#response = response;
    (response as OfCall<IncomingMessage>)[CALL] = this;
    response.on('data', onData);
    response.on('end', onEnd);
    response.on('error', onResponseError);
    response.on('close', onResponseClose);
    if (this.#settled) return;
    this.#owner.onHeard();
    const announced = response.headers['content-length'];
    if (response.statusCode === 200 && Number(announced ?? 0) > this.#maxAnswerBytes) this.#refuse();
  }

  take(chunk: Buffer): void {
    if (this.#settled) return;
    this.#owner.onHeard();
    this.#body.push(chunk);
    this.bodyBytes += chunk.length;
    if (this.#response?.statusCode !== 200) {
      // Enough is known of the error.
      if (this.bodyBytes > MAX_ERROR_BODY_BYTES) this.#finish(true);
    } else if (this.bodyBytes > this.#maxAnswerBytes) {
      this.#refuse();
    }
  }

  end(): void {
    if (this.#response?.complete) this.#finish(false);
    else this.lose();
  }

  fail(error: NodeJS.ErrnoException): void {
    this.#reason = error.message;
    if (!this.#response) this.#reached = !isOfConnecting(error);
  }

  /** The request is over; whether its answer is must show there, if there is one. */
  closeRequest(): void {
    if (!this.#response) this.lose();
  }

  lose(): void {
    if (this.#settled) return;
    this.abandon();
    this.#owner.onLost(this, this.#reason, this.#reached);
  }

  #refuse(): void {
    this.abandon();
    this.#body = [];
    this.#owner.onTooLong(this);
  }

  /** @param cut more of it would come */
  #finish(cut: boolean): void {
    if (this.#settled) return;
    this.#settled = true;
    // A server that answers before it has all of the request may never read the rest.
    if (cut || !this.#request.writableFinished) this.#request.destroy();
    const { statusCode = 0, headers } = this.#response as IncomingMessage;
    const jsonLength = headers['inference-header-content-length'];
    this.#owner.onAnswer(
      this,
      statusCode,
      this.#body,
      jsonLength === undefined ? undefined : String(jsonLength),
    );
  }
}

/** Whether there never was a connection, so that the server has seen nothing of the request. */
function isOfConnecting(error: NodeJS.ErrnoException): boolean {
  // Of a name with several addresses, each of which was tried.
  return error.syscall === 'connect' || error.syscall === 'getaddrinfo' || error instanceof AggregateError;
}

function onResponse(this: ClientRequest, response: IncomingMessage): void {
  (this as OfCall<ClientRequest>)[CALL].begin(response);
}

function onRequestError(this: ClientRequest, error: Error): void {
  (this as OfCall<ClientRequest>)[CALL].fail(error);
}

function onRequestClose(this: ClientRequest): void {
  (this as OfCall<ClientRequest>)[CALL].closeRequest();
}

function onData(this: IncomingMessage, chunk: Buffer): void {
  (this as OfCall<IncomingMessage>)[CALL].take(chunk);
}

function onEnd(this: IncomingMessage): void {
  (this as OfCall<IncomingMessage>)[CALL].end();
}

function onResponseError(this: IncomingMessage, error: Error): void {
  (this as OfCall<IncomingMessage>)[CALL].fail(error);
}

function onResponseClose(this: IncomingMessage): void {
  (this as OfCall<IncomingMessage>)[CALL].lose();
}
