/**
 * How a worker that was left alone is tried again: it gets a copy of a request, which itself goes to a worker that is well.
 * So nobody waits for one that is not well yet, however long it stays silent.
 */
import { newListPlace } from '../admission/linked-list.ts';
import type { ChannelFailure, ChannelResponse, ResponseSink } from '../channel/channel.ts';
import type { WorkerError } from '../channel/messages.ts';
import { isOutrun, mayBeTheWorkers } from './blame.ts';
import type { RequestCopy } from './exchange.ts';
import type { RoutedExchange, VersionRoute } from './model-route.ts';
import type { SentTry, WorkerLink } from './worker-link.ts';

export interface TrialOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onLoadChange: () => void;
  /** The worker answered, and may be sent requests again. */
  readonly onPassed: (route: VersionRoute) => void;
  /** The worker failed what another answered. */
  readonly onBlamed: (link: WorkerLink, route: VersionRoute) => void;
}

/** Sends a copy of a request to a worker of its route that is on trial, if there is one that has none yet. */
export function beginTrial(exchange: RoutedExchange, options: TrialOptions): void {
  const { route } = exchange;
  const link = exchange.copy ? undefined : route.onTrial.find(({ breaker }) => breaker.mayProbe);
  if (!link) return;
  const trial = new Trial(route, link, options);
  exchange.copy = trial;
  trial.stream = link.channel.send(exchange.request, trial);
  options.onLoadChange();
}

class Trial implements ResponseSink, SentTry, RequestCopy {
  readonly #options: TrialOptions;
  readonly #route: VersionRoute;
  readonly #link: WorkerLink;
  readonly sentAt: number;
  readonly met: number;
  /** Its worker's limit is not to be judged by it. */
  readonly full = false;
  readonly follows = false;
  readonly isProbe = true;
  readonly atWorker = newListPlace<SentTry>();
  stream = 0;
  #isUnderWay = true;
  /** Its worker answered with an error. */
  #failed = false;
  /** What the request itself took, milliseconds; undefined as long as it is not answered. */
  #otherMs: number | undefined;

  constructor(route: VersionRoute, link: WorkerLink, options: TrialOptions) {
    this.#options = options;
    this.#route = route;
    this.#link = link;
    this.sentAt = options.now();
    this.met = link.load;
    link.onSent(this);
  }

  onResponse(response: ChannelResponse): void {
    this.#leave();
    this.#link.onAnswered(this, response.timings.queueUs / 1e3, this.#options.now());
    this.#route.refreshUsable();
    this.#options.onPassed(this.#route);
  }

  onError(error: WorkerError): void {
    this.#leave();
    if (!mayBeTheWorkers(error)) {
      this.#link.onVoid(this);
      return;
    }
    this.#link.onFailed(this.#options.now());
    this.#failed = true;
    // Otherwise what becomes of the request itself shows whose fault it is.
    if (this.#otherMs !== undefined) this.#options.onBlamed(this.#link, this.#route);
  }

  onFailure(failure: ChannelFailure): void {
    this.#leave();
    this.#link.onVoid(this);
    if (failure !== 'busy') return;
    this.#link.onBusy();
    this.#route.refreshUsable();
  }

  /** Its worker has been silent for a while. */
  onStuck(): void {
    if (this.#otherMs === undefined) return;
    if (!isOutrun(this.#link.stalledMs(this.#options.now()), this.#otherMs, true)) return;
    this.#leave();
    this.#link.channel.cancel(this.stream);
    this.#options.onBlamed(this.#link, this.#route);
  }

  onOriginalAnswered(tookMs: number): void {
    this.#otherMs = tookMs;
    if (this.#failed) this.#options.onBlamed(this.#link, this.#route);
  }

  onOriginalEnded(): void {
    if (this.#otherMs !== undefined) return;
    // Nothing to compare with: the next request will tell.
    if (this.#isUnderWay) {
      this.#leave();
      this.#link.channel.cancel(this.stream);
      this.#link.onVoid(this);
    } else if (this.#failed) {
      this.#link.onVoid(this);
    }
  }

  #leave(): void {
    this.#isUnderWay = false;
    this.#link.attempts.remove(this);
    this.#options.onLoadChange();
  }
}
