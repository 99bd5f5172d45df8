/**
 * Sends requests to workers. A request waits here and not at a worker until one has a free slot, so that it can
 * still go to whichever worker frees first; what a lost worker had is sent again to another.
 */
import { ExpiringQueue } from '../admission/expiring-queue.ts';
import { pickLeastConnections } from '../balance/least-connections.ts';
import type { ChannelFailure, ChannelRequest, ChannelResponse } from '../channel/channel.ts';
import type { WorkerError } from '../channel/messages.ts';
import { Exchange, type ExchangeErrorCode, type ExchangeHandler, type ExchangeOwner } from './exchange.ts';
import type { RoutedExchange, VersionRoute } from './model-route.ts';
import type { WorkerLink } from './worker-link.ts';

export interface DispatcherOptions {
  /** Requests under way at once at most, over all models. */
  readonly maxInFlight: number;
  /** How long one request may take in all, milliseconds. */
  readonly requestTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called whenever the load of some worker has changed. */
  readonly onLoadChange: () => void;
  /** Finds the route anew when a version went away while requests waited for it. */
  readonly findRoute: (id_model: string, version: string | undefined) => VersionRoute | undefined;
}

/** A request over which this many workers were lost may be what kills them; it gets no further. */
const MAX_LOSSES = 3;
/** A worker is taken for hung after somewhat more than this, milliseconds. */
const SILENCE_MS = 400;

export class Dispatcher implements ExchangeHandler<VersionRoute> {
  readonly #options: DispatcherOptions;
  readonly #active: ExpiringQueue<RoutedExchange>;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#active = new ExpiringQueue(
      options.maxInFlight,
      options.requestTimeoutMs,
      (exchange) => exchange.active,
    );
  }

  /** Requests under way, waiting ones included. */
  get inFlight(): number {
    return this.#active.size;
  }

  /** Starts a request; its owner hears the outcome, perhaps before this returns. */
  start(
    route: VersionRoute,
    version: string | undefined,
    request: ChannelRequest,
    owner: ExchangeOwner<VersionRoute>,
  ): RoutedExchange {
    const now = this.#options.now();
    const exchange = new Exchange(this, route, version, request, owner, now);
    if (!this.#active.offer(exchange, now)) {
      owner.onError(exchange, 'UNAVAILABLE', 'too many requests are under way');
      return exchange;
    }
    route.statistics.inFlight++;
    this.#send(exchange);
    return exchange;
  }

  /** Nobody waits for the answer any more. */
  cancel(exchange: RoutedExchange): void {
    if (!this.#end(exchange)) return;
    exchange.link?.channel.cancel(exchange.stream);
    this.pump(exchange.route);
  }

  onResponse(exchange: RoutedExchange, response: ChannelResponse): void {
    this.#completed(exchange, true);
    if (this.#end(exchange)) exchange.owner.onAnswer(exchange, response);
    this.pump(exchange.route);
  }

  onWorkerError(exchange: RoutedExchange, error: WorkerError): void {
    this.#completed(exchange, error.code === 'INVALID_REQUEST' || error.code === 'NOT_REPRESENTABLE');
    this.#fail(exchange, error.code, error.message);
    this.pump(exchange.route);
  }

  onFailure(exchange: RoutedExchange, failure: ChannelFailure): void {
    const link = exchange.link as WorkerLink;
    exchange.link = undefined;
    this.#options.onLoadChange();
    if (failure === 'busy') {
      link.busy = true;
      exchange.route.refreshUsable();
    } else if (this.#isBlamed(exchange, failure) && ++exchange.losses >= MAX_LOSSES) {
      this.#fail(exchange, 'WORKERS_LOST', `${MAX_LOSSES} workers were lost while they had this request`);
      return;
    } else {
      exchange.route.statistics.retries++;
    }
    this.#send(exchange);
  }

  /** Sends waiting requests of a route for as long as a worker has a free slot. */
  pump(route: VersionRoute): void {
    for (let next = route.waiting.peek(); next; next = route.waiting.peek()) {
      const link = this.#pick(route);
      if (!link) return;
      route.waiting.remove(next);
      this.#bind(next, link);
    }
  }

  /** Sends on what waited for a version that is served no more. */
  reroute(route: VersionRoute): void {
    for (const exchange of route.waiting.takeAll()) this.#send(exchange);
  }

  /** Ends what has taken too long, and tries again what waits. To be called every 50 ms or so. */
  tick(routes: Iterable<VersionRoute>): void {
    const now = this.#options.now();
    for (const exchange of this.#active.takeExpired(now)) {
      exchange.link?.channel.cancel(exchange.stream);
      this.#forget(exchange);
      exchange.owner.onError(
        exchange,
        'TIMED_OUT',
        `not answered within ${this.#options.requestTimeoutMs} ms`,
      );
    }
    for (const route of routes) {
      for (const exchange of route.waiting.takeExpired(now)) {
        this.#fail(exchange, 'UNAVAILABLE', unavailableMessage(route));
      }
      this.pump(route);
    }
  }

  #send(exchange: RoutedExchange): void {
    const { route } = exchange;
    // Nobody overtakes what waits already.
    const link = route.waiting.size === 0 ? this.#pick(route) : undefined;
    if (link) this.#bind(exchange, link);
    else this.#wait(exchange);
  }

  #pick(route: VersionRoute): WorkerLink | undefined {
    return route.usable[pickLeastConnections(route.usable)];
  }

  #bind(exchange: RoutedExchange, link: WorkerLink): void {
    exchange.link = link;
    exchange.sentAt = this.#options.now();
    link.sent++;
    exchange.stream = link.channel.send(exchange.request, exchange);
    this.#options.onLoadChange();
  }

  #wait(exchange: RoutedExchange): void {
    const { id_model } = exchange.route;
    const route = this.#options.findRoute(id_model, exchange.version);
    if (!route) {
      this.#fail(exchange, 'UNAVAILABLE', `"${id_model}" is not served any more`);
      return;
    }
    if (route !== exchange.route) {
      exchange.route.statistics.inFlight--;
      route.statistics.inFlight++;
      exchange.route = route;
      if (route.usable.length > 0) return this.#send(exchange);
    }
    if (route.record.state === 'UNAVAILABLE' || route.record.state === 'UNLOADING') {
      this.#fail(exchange, 'UNAVAILABLE', unavailableMessage(route));
    } else if (!route.waiting.offer(exchange, this.#options.now())) {
      this.#fail(exchange, 'UNAVAILABLE', `too many requests wait for "${id_model}"`);
    }
  }

  /** A worker that had fallen silent before it was sent this request did not do so over it. */
  #isBlamed(exchange: RoutedExchange, failure: ChannelFailure): boolean {
    return failure === 'lost' || this.#options.now() - exchange.sentAt >= SILENCE_MS;
  }

  #completed(exchange: RoutedExchange, ok: boolean): void {
    const link = exchange.link as WorkerLink;
    link.onCompleted(this.#options.now() - exchange.sentAt, ok);
    if (link.busy) {
      link.busy = false;
      exchange.route.refreshUsable();
    }
    this.#options.onLoadChange();
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

  /** What its route keeps of a request that is not under way any more. */
  #forget(exchange: RoutedExchange): void {
    exchange.route.waiting.remove(exchange);
    exchange.route.statistics.inFlight--;
  }
}

function unavailableMessage(route: VersionRoute): string {
  const { id_model, version, record } = route;
  const why =
    record.state === 'UNAVAILABLE' || record.state === 'UNLOADING'
      ? `: ${record.reason || record.state}`
      : '';
  return `no worker of "${id_model}" version ${version} can take the request${why}`;
}
