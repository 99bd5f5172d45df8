/** One inference request under way: sent to a worker, sent again where that fails, until it is answered once. */
import type { ChannelFailure, ChannelRequest, ChannelResponse, ResponseSink } from '../channel/channel.ts';
import type { WorkerError, WorkerErrorCode } from '../channel/messages.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { VersionRoute } from './model-route.ts';
import type { WorkerLink } from './worker-link.ts';

/** Why a request ends without the model's answer. */
export type ExchangeErrorCode =
  | WorkerErrorCode
  /** No worker can take it, now or soon. */
  | 'UNAVAILABLE'
  /** It was tried on several workers and each was lost over it. */
  | 'WORKERS_LOST'
  /** Its time ran out. */
  | 'TIMED_OUT';

/** Receives the one outcome. */
export interface ExchangeOwner {
  onAnswer(exchange: Exchange, response: ChannelResponse): void;
  onError(exchange: Exchange, code: ExchangeErrorCode, message: string): void;
}

export class Exchange implements ResponseSink {
  readonly request: ChannelRequest;
  /** The version that was asked for; undefined when any will do. */
  readonly version: string | undefined;
  readonly owner: ExchangeOwner;
  readonly #dispatcher: Dispatcher;
  route: VersionRoute;
  /** When it was accepted, monotonic milliseconds. */
  readonly acceptedAt: number;
  /** Workers that were lost while they had it. */
  losses = 0;
  link: WorkerLink | undefined;
  stream = 0;
  sentAt = 0;

  constructor(
    dispatcher: Dispatcher,
    route: VersionRoute,
    version: string | undefined,
    request: ChannelRequest,
    owner: ExchangeOwner,
    acceptedAt: number,
  ) {
    this.#dispatcher = dispatcher;
    this.route = route;
    this.version = version;
    this.request = request;
    this.owner = owner;
    this.acceptedAt = acceptedAt;
  }

  onResponse(response: ChannelResponse): void {
    this.#dispatcher.onResponse(this, response);
  }

  onError(error: WorkerError): void {
    this.#dispatcher.onWorkerError(this, error);
  }

  onFailure(failure: ChannelFailure): void {
    this.#dispatcher.onFailure(this, failure);
  }
}
