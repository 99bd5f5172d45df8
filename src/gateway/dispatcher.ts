/**
 * Sends requests to workers. A request waits here and not at a worker until one has a free slot, so that it can
 * still go to whichever worker frees first; what a worker lost or failed is sent to another, within a budget.
 */
import { DeadlineWheel } from '../admission/deadline-wheel.ts';
import { hasFairRoom } from '../admission/fair-share.ts';
import type { ChannelFailure, ChannelResponse } from '../channel/channel.ts';
import type { WorkerError } from '../channel/messages.ts';
import { isOutrun, mayBeTheWorkers } from './blame.ts';
import {
  type AttemptHandler,
  Exchange,
  type ExchangeErrorCode,
  type ExchangeOwner,
  type ExchangeRequest,
  type ExchangeTerms,
} from './exchange.ts';
import type { RoutedAttempt, RoutedExchange, VersionRoute } from './model-route.ts';
import {
  GATEWAY_FULL,
  noWorker,
  QUEUE_FULL,
  type RouteRefusal,
  refusalOf,
  refusalOfHopeless,
} from './route-refusal.ts';
import { SecondTries } from './second-tries.ts';
import { Sender, type SenderOptions } from './sender.ts';
import type { WorkerLink } from './worker-link.ts';

export interface DispatcherOptions extends SenderOptions {
  /** Requests under way at once at most, over all models. */
  readonly maxInFlight: number;
  readonly routes: () => Iterable<VersionRoute>;
  /** A worker holds requests of which another has answered one in a small part of the time. */
  readonly onOutrun: (route: VersionRoute) => void;
  /** Finds the route anew when a version went away while requests waited for it. */
  readonly findRoute: (id_model: string, version: string | undefined) => VersionRoute | undefined;
}

/** A request over which this many workers were lost may be what kills them; it gets no further. */
const MAX_LOSSES = 3;
/** A worker is taken for hung after somewhat more than this, milliseconds. */
const SILENCE_MS = 400;
/** While requests are under way their deadlines are looked at this often, milliseconds. */
const BEAT_MS = 5;
const WHEEL_SLOTS = 1024;

export class Dispatcher implements AttemptHandler<VersionRoute> {
  readonly #options: DispatcherOptions;
  readonly #active = new DeadlineWheel<RoutedExchange>(BEAT_MS, WHEEL_SLOTS, (exchange) => exchange.active);
  readonly #sender: Sender;
  readonly #second: SecondTries;
  #beat: NodeJS.Timeout | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#sender = new Sender(options, this, (route) => this.pump(route));
    this.#second = new SecondTries(this.#sender);
  }

  /** Requests under way, waiting ones included. */
  get inFlight(): number {
    return this.#active.size;
  }

  /**
   * Why a request is refused now, noted as such; undefined when it may start. To be asked before its body has come, so
   * that a refusal costs little, and again once it has.
   * @param now monotonic milliseconds
   */
  refusal(route: VersionRoute, terms: ExchangeTerms, bytes: number, now: number): RouteRefusal | undefined {
    const refusal = hasFairRoom(route.statistics.inFlight, 1, this.#active.size, this.#options.maxInFlight)
      ? refusalOf(route, terms, bytes, now)
      : GATEWAY_FULL;
    if (refusal) route.statistics.onRefused(refusal.reason);
    return refusal;
  }

  /** Starts a request; its owner hears the outcome, perhaps before this returns. */
  start(
    route: VersionRoute,
    request: ExchangeRequest,
    terms: ExchangeTerms,
    owner: ExchangeOwner<VersionRoute>,
  ): RoutedExchange {
    const now = this.#options.now();
    const exchange = new Exchange(route, request, terms, owner, now);
    route.retries.onRequest(now);
    if (this.#options.hedges) route.hedges.onRequest(now);
    const refusal = this.refusal(route, terms, request.bodyBytes, now);
    if (refusal) {
      owner.onError(exchange, refusal.code, refusal.message);
      return exchange;
    }
    this.#active.add(exchange, exchange.deadlineAt, now);
    route.statistics.inFlight++;
    this.#beat ??= setTimeout(() => this.beat(), BEAT_MS);
    // Nobody overtakes what waits already.
    const link = route.waiting.size === 0 ? this.#sender.pick(route) : undefined;
    if (link) this.#sender.send(exchange, link, now);
    else this.#wait(exchange, now);
    return exchange;
  }

  /** Nobody waits for the answer any more. */
  cancel(exchange: RoutedExchange): void {
    if (!this.#end(exchange)) return;
    this.pump(exchange.route);
  }

  onResponse(attempt: RoutedAttempt, response: ChannelResponse): void {
    const now = this.#options.now();
    const { exchange, link } = attempt;
    const { route } = exchange;
    const queueMs = response.timings.queueUs / 1e3;
    this.#sender.leave(attempt);
    link.onAnswered(attempt, queueMs, now);
    route.onAnswered(now - attempt.sentAt, queueMs);
    this.#freed(link, route);
    if (exchange.suspect && exchange.suspect !== link) this.#options.onBlamed(exchange.suspect, route);
    exchange.link = link;
    exchange.copy?.onOriginalAnswered(now - attempt.sentAt);
    if (exchange.attempt) this.#compare(exchange.attempt, now - attempt.sentAt, now);
    const ended = this.#end(exchange);
    // The worker first: it has nothing to do until the next request comes.
    this.pump(route);
    if (ended) exchange.owner.onAnswer(exchange, response);
  }

  onWorkerError(attempt: RoutedAttempt, error: WorkerError): void {
    const now = this.#options.now();
    const { exchange, link } = attempt;
    const { route } = exchange;
    this.#sender.leave(attempt);
    this.#freed(link, route);
    if (!mayBeTheWorkers(error)) {
      link.onVoid(attempt);
      this.#fail(exchange, error.code, error.message);
    } else {
      link.onFailed(now);
      if (attempt.isProbe) this.#options.onBlamed(link, route);
      const first = exchange.suspect === undefined;
      exchange.suspect ??= link;
      // The other try may yet do better. Where two workers fail a request it is the request, and neither is blamed.
      if (!exchange.attempt && !(first && this.#second.elsewhere(exchange, link, now))) {
        this.#fail(exchange, error.code, error.message);
      }
    }
    this.pump(route);
  }

  onFailure(attempt: RoutedAttempt, failure: ChannelFailure): void {
    const now = this.#options.now();
    const { exchange, link } = attempt;
    const { route } = exchange;
    this.#sender.leave(attempt);
    link.onVoid(attempt);
    if (failure === 'busy') {
      link.onBusy();
      route.refreshUsable();
      if (!exchange.attempt) this.#again(exchange, exchange.acceptedAt, now);
      return;
    }
    const blamed = failure === 'lost' || now - attempt.sentAt >= SILENCE_MS;
    if (blamed) exchange.losses++;
    if (exchange.attempt) return;
    if (exchange.losses >= MAX_LOSSES) {
      this.#giveUp(exchange, `${MAX_LOSSES} workers were lost while they had this request`);
    } else if (!route.record.idempotent) {
      this.#giveUp(exchange, 'its worker was lost, and a request to this model must not be run twice');
    } else if (!route.retries.take(now)) {
      this.#giveUp(exchange, 'its worker was lost, and too many requests are sent again as it is');
    } else {
      route.statistics.retries++;
      this.#again(exchange, now, now);
    }
  }

  /** Sends waiting requests of a route for as long as a worker has a free slot. */
  pump(route: VersionRoute): void {
    if (route.waiting.size === 0) return;
    const now = this.#options.now();
    for (let next = route.waiting.peek(); next; next = route.waiting.peek()) {
      const refusal = refusalOfHopeless(route, next.deadlineAt - now);
      if (refusal) {
        this.#refuse(next, refusal);
        continue;
      }
      const link = this.#sender.pick(route);
      if (!link) return;
      route.takeUp(next, now);
      this.#sender.send(next, link, now);
    }
  }

  /** Sends on what waited for a version that is served no more. */
  reroute(route: VersionRoute): void {
    const now = this.#options.now();
    for (let next = route.waiting.peek(); next; next = route.waiting.peek()) {
      route.unwait(next);
      this.#again(next, next.acceptedAt, now);
    }
  }

  /** Sends what a worker holds to others as well: it may be stuck, and whoever answers first is heard. */
  rescue(link: WorkerLink): void {
    for (let one = link.attempts.first; one; ) {
      const next = link.attempts.next(one);
      one.onStuck();
      one = next;
    }
  }

  onStuck(attempt: RoutedAttempt): void {
    this.#second.rescue(attempt, this.#options.now());
  }

  /** Ends what has waited too long, and tries again what waits. To be called every 50 ms or so. */
  tick(): void {
    const now = this.#options.now();
    this.#endLate(now);
    for (const route of this.#options.routes()) {
      route.judge(now);
      for (const exchange of route.takeAged(now)) this.#refuse(exchange, noWorker(route, 'waited_too_long'));
      while (route.failing && route.waiting.size > 0) {
        this.#refuse(route.waiting.peek() as RoutedExchange, noWorker(route, 'no_worker'));
      }
      this.pump(route);
    }
  }

  /** Ends what is late and hedges what is slow; the dispatcher calls it by itself while requests are under way. */
  beat(): void {
    clearTimeout(this.#beat);
    this.#beat = this.#active.size > 0 ? setTimeout(() => this.beat(), BEAT_MS) : undefined;
    const now = this.#options.now();
    this.#endLate(now);
    if (!this.#options.hedges) return;
    for (const route of this.#options.routes()) this.#second.hedgeSlow(route, now);
  }

  close(): void {
    clearTimeout(this.#beat);
  }

  #endLate(now: number): void {
    const late = this.#active.takeExpired(now);
    // All of them first: none may be sent to the slot that another gives free.
    for (const exchange of late) this.#forget(exchange);
    for (const exchange of late) {
      exchange.route.statistics.onRefused('timed_out');
      const message = `not answered within ${exchange.timeoutMs} ms`;
      exchange.owner.onError(exchange, 'TIMED_OUT', message);
    }
    for (const exchange of late) this.pump(exchange.route);
  }

  /**
   * Another worker has answered what this try waits for. Where it took a small part of the time, and its worker has
   * answered nothing at all, the worker is at fault and not the request.
   */
  #compare({ link, exchange, isProbe }: RoutedAttempt, otherMs: number, now: number): void {
    if (!isOutrun(link.stalledMs(now), otherMs, isProbe)) return;
    if (isProbe) {
      // Else the next request would be the next probe, and wait as long.
      this.#options.onBlamed(link, exchange.route);
      return;
    }
    link.onOutrun();
    this.#options.onOutrun(exchange.route);
  }

  /** Lets a request wait for its first worker. */
  #wait(exchange: RoutedExchange, now: number): void {
    const { route, priority } = exchange;
    while (!route.wait(exchange, now)) {
      const displaced = route.displace(priority);
      if (!displaced) return this.#refuse(exchange, QUEUE_FULL);
      this.#refuse(displaced, { ...QUEUE_FULL, reason: 'displaced' });
    }
  }

  /** Sends a request that a worker did not answer, before all others; on the route that its version has now. */
  #again(exchange: RoutedExchange, since: number, now: number): void {
    const route = this.#options.findRoute(exchange.route.id_model, exchange.version);
    if (!route) return this.#refuse(exchange, noWorker(exchange.route, 'no_worker'));
    if (route !== exchange.route) {
      exchange.route.statistics.inFlight--;
      route.statistics.inFlight++;
      exchange.route = route;
    }
    const link = this.#sender.pick(route);
    if (link) this.#sender.send(exchange, link, now);
    else if (route.isClosed || route.failing) this.#refuse(exchange, noWorker(route, 'no_worker'));
    else route.waitFirst(exchange, since, now);
  }

  /** Who finished something is busy no more. */
  #freed(link: WorkerLink, route: VersionRoute): void {
    if (!link.busy) return;
    link.busy = false;
    route.refreshUsable();
  }

  #giveUp(exchange: RoutedExchange, why: string): void {
    exchange.route.statistics.onRefused('not_retried');
    this.#fail(exchange, 'WORKERS_LOST', why);
  }

  #refuse(exchange: RoutedExchange, { reason, code, message }: RouteRefusal): void {
    exchange.route.statistics.onRefused(reason);
    this.#fail(exchange, code, message);
  }

  #fail(exchange: RoutedExchange, code: ExchangeErrorCode, message: string): void {
    if (this.#end(exchange)) exchange.owner.onError(exchange, code, message);
  }

  /** Takes a request off the books; false when it was off already. */
  #end(exchange: RoutedExchange): boolean {
    if (!this.#active.remove(exchange)) return false;
    this.#forget(exchange);
    return true;
  }

  /** Gives back what a request that is not under way any more still holds, also at workers. */
  #forget(exchange: RoutedExchange): void {
    const { route, attempt, hedge, copy } = exchange;
    route.unwait(exchange);
    route.statistics.inFlight--;
    if (attempt) this.#sender.abandon(attempt);
    if (hedge) this.#sender.abandon(hedge);
    copy?.onOriginalEnded();
  }
}
