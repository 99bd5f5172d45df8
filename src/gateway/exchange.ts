/** One inference request under way: sent to a worker, sent again where that fails, until it is answered once. */
import { newPlace } from '../admission/expiring-queue.ts';
import type { ChannelFailure, ChannelRequest, ChannelResponse, ResponseSink } from '../channel/channel.ts';
import type { WorkerError, WorkerErrorCode } from '../channel/messages.ts';
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
export interface ExchangeOwner<Route> {
  onAnswer(exchange: Exchange<Route>, response: ChannelResponse): void;
  onError(exchange: Exchange<Route>, code: ExchangeErrorCode, message: string): void;
}

/** Receives what a worker makes of each try. */
export interface ExchangeHandler<Route> {
  onResponse(exchange: Exchange<Route>, response: ChannelResponse): void;
  onWorkerError(exchange: Exchange<Route>, error: WorkerError): void;
  onFailure(exchange: Exchange<Route>, failure: ChannelFailure): void;
}

/** @typeParam Route the model version that it goes to, which in turn knows the exchanges that wait for it */
export class Exchange<Route> implements ResponseSink {
  readonly request: ChannelRequest;
  /** The version that was asked for; undefined when any will do. */
  readonly version: string | undefined;
  readonly owner: ExchangeOwner<Route>;
  readonly #handler: ExchangeHandler<Route>;
  route: Route;
  /** When it was accepted, monotonic milliseconds. */
  readonly acceptedAt: number;
  /** Workers that were lost while they had it. */
  losses = 0;
  link: WorkerLink | undefined;
  /** Among the requests under way. */
  readonly active = newPlace<Exchange<Route>>();
  /** Among those that wait for a worker. */
  readonly waiting = newPlace<Exchange<Route>>();
  stream = 0;
  sentAt = 0;

  constructor(
    handler: ExchangeHandler<Route>,
    route: Route,
    version: string | undefined,
    request: ChannelRequest,
    owner: ExchangeOwner<Route>,
    acceptedAt: number,
  ) {
    this.#handler = handler;
    this.route = route;
    this.version = version;
    this.request = request;
    this.owner = owner;
    this.acceptedAt = acceptedAt;
  }

  onResponse(response: ChannelResponse): void {
    this.#handler.onResponse(this, response);
  }

  onError(error: WorkerError): void {
    this.#handler.onWorkerError(this, error);
  }

  onFailure(failure: ChannelFailure): void {
    this.#handler.onFailure(this, failure);
  }
}
