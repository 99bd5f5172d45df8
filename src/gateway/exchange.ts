/** One inference request under way: sent to a worker, sent again where that fails, until it is answered once. */
import { newWheelPlace } from '../admission/deadline-wheel.ts';
import { newListPlace } from '../admission/linked-list.ts';
import { newWaitingPlace } from '../admission/waiting-queue.ts';
import type { ChannelFailure, ChannelRequest, ChannelResponse, ResponseSink } from '../channel/channel.ts';
import type { WorkerError, WorkerErrorCode } from '../channel/messages.ts';
import type { SentTry, WorkerLink } from './worker-link.ts';

/** Why a request ends without the model's answer. */
export type ExchangeErrorCode =
  | WorkerErrorCode
  /** No worker can take it, now or soon. */
  | 'UNAVAILABLE'
  /** Workers were lost while they had it. */
  | 'WORKERS_LOST'
  /** Its time ran out, or is sure to. */
  | 'TIMED_OUT';

/** Receives the one outcome. */
export interface ExchangeOwner<Route> {
  onAnswer(exchange: Exchange<Route>, response: ChannelResponse): void;
  onError(exchange: Exchange<Route>, code: ExchangeErrorCode, message: string): void;
}

/** A body to be forwarded, and what is left of the request's time at each try, milliseconds. */
export type ExchangeRequest = Omit<ChannelRequest, 'timeoutMs'> & { timeoutMs: number };

/** What a client asks for beside the answer itself. */
export interface ExchangeTerms {
  /** The version that was asked for; undefined when any will do. */
  readonly version: string | undefined;
  /** 0, most important, to 7. */
  readonly priority: number;
  /** The time that it has in all, milliseconds. */
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly deadlineAt: number;
}

/** A copy of a request that was sent beside it, whose outcome is judged by that of the request. */
export interface RequestCopy {
  /** A worker has answered the request. @param tookMs the try that it answered */
  onOriginalAnswered(tookMs: number): void;
  /** The request is over, answered or not. */
  onOriginalEnded(): void;
}

/** @typeParam Route the model version that it goes to, which in turn knows the exchanges that wait for it */
export class Exchange<Route> implements ExchangeTerms {
  readonly request: ExchangeRequest;
  readonly version: string | undefined;
  readonly priority: number;
  readonly timeoutMs: number;
  readonly deadlineAt: number;
  readonly owner: ExchangeOwner<Route>;
  route: Route;
  /** When it was accepted, monotonic milliseconds. */
  readonly acceptedAt: number;
  /** When it was last sent to a worker. */
  sentAt: number;
  /** The worker that it was last sent to. */
  link: WorkerLink | undefined;
  /** Workers that were lost while they had it. */
  losses = 0;
  /** The worker that failed it first: to blame if another does better. */
  suspect: WorkerLink | undefined;
  /** The try under way. */
  attempt: Attempt<Route> | undefined;
  /** A second one beside it. */
  hedge: Attempt<Route> | undefined;
  /** A copy of it at a worker that is on trial. */
  copy: RequestCopy | undefined;
  /** Among the requests under way. */
  readonly active = newWheelPlace<Exchange<Route>>();
  /** Among those that wait for a worker. */
  readonly waiting = newWaitingPlace<Exchange<Route>>();

  constructor(
    route: Route,
    request: ExchangeRequest,
    terms: ExchangeTerms,
    owner: ExchangeOwner<Route>,
    acceptedAt: number,
  ) {
    this.route = route;
    this.request = request;
    this.version = terms.version;
    this.priority = terms.priority;
    this.timeoutMs = terms.timeoutMs;
    this.deadlineAt = terms.deadlineAt;
    this.owner = owner;
    this.acceptedAt = acceptedAt;
    this.sentAt = acceptedAt;
  }

  /** Notes that a try is over. */
  leave(attempt: Attempt<Route>): void {
    if (this.attempt === attempt) this.attempt = this.hedge;
    this.hedge = undefined;
  }
}

/** Receives what a worker makes of a try. */
export interface AttemptHandler<Route> {
  onResponse(attempt: Attempt<Route>, response: ChannelResponse): void;
  onWorkerError(attempt: Attempt<Route>, error: WorkerError): void;
  onFailure(attempt: Attempt<Route>, failure: ChannelFailure): void;
  /** The worker that has it is left alone, and may never answer. */
  onStuck(attempt: Attempt<Route>): void;
}

/** One try of a request at one worker; a request has one at a time, or two while it is hedged. */
export class Attempt<Route> implements ResponseSink, SentTry {
  readonly #handler: AttemptHandler<Route>;
  readonly exchange: Exchange<Route>;
  readonly link: WorkerLink;
  /** Monotonic milliseconds. */
  readonly sentAt: number;
  /** Requests that it met there. */
  readonly met: number;
  /** Whether it took the last slot. */
  readonly full: boolean;
  /** Whether it took the last slot, which had just been given free. */
  readonly follows: boolean;
  /** It decides whether a worker that was left alone is let back. */
  readonly isProbe: boolean;
  stream = 0;
  /** Among those under way at its worker. */
  readonly atWorker = newListPlace<SentTry>();
  /** Among those of its route that may be hedged. */
  readonly hedgeable = newListPlace<Attempt<Route>>();

  constructor(handler: AttemptHandler<Route>, exchange: Exchange<Route>, link: WorkerLink, sentAt: number) {
    this.#handler = handler;
    this.exchange = exchange;
    this.link = link;
    this.sentAt = sentAt;
    this.met = link.load;
    this.full = link.occupied + 1 >= link.slots;
    this.follows = this.full && link.hasJustAnswered(sentAt);
    this.isProbe = link.breaker.state === 'half-open';
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

  onStuck(): void {
    this.#handler.onStuck(this);
  }
}
