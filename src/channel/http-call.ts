/** One request on its way to a server that speaks HTTP, until it is answered, lost, or given up. */
import type { Client, Dispatcher } from 'undici';
import type { ChannelRequest, ResponseSink } from './channel.ts';
import type { HttpTarget } from './endpoint.ts';
import { MAX_ERROR_BODY_BYTES } from './http-answer.ts';
import type { HttpPool } from './http-pool.ts';

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

export interface HttpWay {
  readonly target: HttpTarget;
  readonly pool: HttpPool;
  readonly maxAnswerBytes: number;
}

/** A body in parts is sent as one up to this size, which costs less; beyond it, part by part as the server takes them. */
const JOIN_BYTES = 64 * 1024;

export class HttpCall implements Dispatcher.DispatchHandler {
  readonly stream: number;
  readonly sink: ResponseSink;
  /** Monotonic milliseconds. */
  readonly sentAt: number;
  /** Whether nothing else was under way there when it was sent. */
  readonly alone: boolean;
  readonly #owner: HttpCallOwner;
  readonly #way: HttpWay;
  readonly #client: Client;
  /** Whether there is a connection for it. */
  #reached = false;
  #status = 0;
  #jsonLength: string | undefined;
  #body: Buffer[] = [];
  bodyBytes = 0;
  #settled = false;

  constructor(
    place: { readonly stream: number; readonly sentAt: number; readonly alone: boolean },
    sink: ResponseSink,
    way: HttpWay,
    owner: HttpCallOwner,
  ) {
    this.stream = place.stream;
    this.sentAt = place.sentAt;
    this.alone = place.alone;
    this.sink = sink;
    this.#owner = owner;
    this.#way = way;
    this.#client = way.pool.take();
  }

  /** Sends it; the owner may hear of the outcome before this returns. */
  start({ body, bodyBytes, jsonBytes, timeoutMs }: ChannelRequest): void {
    const { target } = this.#way;
    const headers = [
      ...['host', target.authority],
      ...['content-type', jsonBytes === undefined ? 'application/json' : 'application/octet-stream'],
      ...['content-length', String(bodyBytes)],
      ...['x-request-timeout-ms', String(Math.max(1, Math.floor(timeoutMs)))],
    ];
    if (jsonBytes !== undefined) headers.push('inference-header-content-length', String(jsonBytes));
    // undici takes anything that can be iterated, which its types do not say.
    const whole = bodyBytes <= JOIN_BYTES ? joined(body) : (body as unknown as Buffer);
    this.#client.dispatch({ path: target.path, method: 'POST', headers, body: whole }, this);
  }

  /** The owner wants to hear nothing more of it; the server sees its connection end. */
  abandon(): void {
    this.#settled = true;
    this.#way.pool.drop(this.#client);
  }

  onRequestStart(): void {
    this.#reached = true;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#settled) return;
    this.#owner.onHeard();
    this.#status = status;
    const jsonLength = headers['inference-header-content-length'];
    this.#jsonLength = jsonLength === undefined ? undefined : String(jsonLength);
    if (status === 200 && Number(headers['content-length'] ?? 0) > this.#way.maxAnswerBytes) this.#refuse();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#owner.onHeard();
    this.#body.push(chunk);
    this.bodyBytes += chunk.length;
    if (this.#status !== 200) {
      if (this.bodyBytes <= MAX_ERROR_BODY_BYTES) return;
      // Enough is known of the error.
      this.abandon();
      this.#answer();
    } else if (this.bodyBytes > this.#way.maxAnswerBytes) {
      this.#refuse();
    }
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settled = true;
    // First, as the answer may bring the next request.
    this.#way.pool.giveBack(this.#client);
    this.#answer();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#settled) return;
    this.abandon();
    this.#owner.onLost(this, error.message, this.#reached);
  }

  #answer(): void {
    this.#owner.onAnswer(this, this.#status, this.#body, this.#jsonLength);
  }

  #refuse(): void {
    this.abandon();
    this.#body = [];
    this.#owner.onTooLong(this);
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only] = parts;
  return only && parts.length === 1 ? only : Buffer.concat(parts);
}
