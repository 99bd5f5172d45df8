/** One inference request under way: sent to a worker, sent again where that fails, until it is answered once. */
import { newWheelPlace } from '../admission/deadline-wheel.ts';
import { newWaitingPlace } from '../admission/waiting-queue.ts';
import type { ChannelRequest, ChannelResponse } from '../channel/channel.ts';
import type { WorkerErrorCode } from '../channel/messages.ts';
import type { Attempt } from './attempt.ts';
import type { VersionRoute } from './model-route.ts';
import type { WorkerLink } from './worker-link.ts';

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
export interface ExchangeOwner {
  onAnswer(exchange: Exchange, response: ChannelResponse): void;
  onError(exchange: Exchange, code: ExchangeErrorCode, message: string): void;
}

/** A body to be forwarded, and what is left of the request's time at each try, milliseconds. */
export type ExchangeRequest = Omit<ChannelRequest, 'timeoutMs'> & { timeoutMs: number };

/** What a client asks for beside the answer itself. */
export interface ExchangeTerms {
  /** The version that was asked for; undefined when any will do. */
  readonly version: string | undefined;
  /** 0, most important, to 7. */
  readonly priority: number;
  /** Monotonic milliseconds. */
  readonly deadlineAt: number;
}

export class Exchange implements ExchangeTerms {
  readonly request: ExchangeRequest;
  readonly version: string | undefined;
  readonly priority: number;
  readonly deadlineAt: number;
  readonly owner: ExchangeOwner;
  route: VersionRoute;
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
  attempt: Attempt | undefined;
  /** A second one beside it. */
  hedge: Attempt | undefined;
  /** Among the requests under way. */
  readonly active = newWheelPlace<Exchange>();
  /** Among those that wait for a worker. */
  readonly waiting = newWaitingPlace<Exchange>();

  constructor(
    route: VersionRoute,
    request: ExchangeRequest,
    terms: ExchangeTerms,
    owner: ExchangeOwner,
    acceptedAt: number,
  ) {
    this.route = route;
    this.request = request;
    this.version = terms.version;
    this.priority = terms.priority;
    this.deadlineAt = terms.deadlineAt;
    this.owner = owner;
    this.acceptedAt = acceptedAt;
    this.sentAt = acceptedAt;
  }

  /** Notes that a try is over. */
  leave(attempt: Attempt): void {
    if (this.attempt === attempt) this.attempt = this.hedge;
    this.hedge = undefined;
  }
}
