/** One try of a request at one worker; a request has one at a time, or two while it is hedged. */
import { newListPlace } from '../admission/linked-list.ts';
import type { ChannelFailure, ChannelResponse, ResponseSink } from '../channel/channel.ts';
import type { WorkerError } from '../channel/messages.ts';
import type { Exchange } from './exchange.ts';
import type { WorkerLink } from './worker-link.ts';

/** Receives what a worker makes of a try. */
export interface AttemptHandler {
  onResponse(attempt: Attempt, response: ChannelResponse): void;
  onWorkerError(attempt: Attempt, error: WorkerError): void;
  onFailure(attempt: Attempt, failure: ChannelFailure): void;
}

export class Attempt implements ResponseSink {
  readonly #handler: AttemptHandler;
  readonly exchange: Exchange;
  readonly link: WorkerLink;
  /** Monotonic milliseconds. */
  readonly sentAt: number;
  /** Requests that it met there. */
  readonly met: number;
  /** Whether it took the last slot. */
  readonly full: boolean;
  /** It decides whether a worker that was left alone is let back. */
  readonly isProbe: boolean;
  stream = 0;
  /** Among those under way at its worker. */
  readonly atWorker = newListPlace<Attempt>();
  /** Among those of its route that may be hedged. */
  readonly hedgeable = newListPlace<Attempt>();

  constructor(handler: AttemptHandler, exchange: Exchange, link: WorkerLink, sentAt: number) {
    this.#handler = handler;
    this.exchange = exchange;
    this.link = link;
    this.sentAt = sentAt;
    this.met = link.load;
    this.full = link.occupied + 1 >= link.slots;
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
}
