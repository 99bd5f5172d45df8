/** Sends requests to workers: chooses one, makes the try, and takes it back. */
import type { BalancePolicy } from '../balance/candidate.ts';
import { Attempt, type AttemptHandler } from './exchange.ts';
import type { RoutedAttempt, RoutedExchange, VersionRoute } from './model-route.ts';
import { beginTrial, type TrialOptions } from './trial.ts';
import type { WorkerLink } from './worker-link.ts';

export interface SenderOptions extends Omit<TrialOptions, 'onPassed'> {
  readonly policy: BalancePolicy;
  readonly random: () => number;
  /** Whether slow requests are sent to a second worker. */
  readonly hedges: boolean;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #handler: AttemptHandler<VersionRoute>;
  readonly #trials: TrialOptions;
  readonly #chance: { turn: number; waiting: number; readonly random: () => number };

  /**
   * @param handler hears what workers make of each try
   * @param onFree a worker of this route may be sent requests again
   */
  constructor(
    options: SenderOptions,
    handler: AttemptHandler<VersionRoute>,
    onFree: (route: VersionRoute) => void,
  ) {
    this.#options = options;
    this.#handler = handler;
    this.#trials = { ...options, onPassed: onFree };
    this.#chance = { turn: 0, waiting: 1, random: options.random };
  }

  /** The worker for the next request of a route; undefined when it does better to wait, or has to. */
  pick(route: VersionRoute): WorkerLink | undefined {
    this.#chance.turn = route.turn++;
    // Whoever is to be sent now counts, whether it waits already or has just come.
    this.#chance.waiting = route.mayWait ? Math.max(1, route.waiting.size) : Number.POSITIVE_INFINITY;
    return route.usable[this.#options.policy(route.usable, this.#chance)];
  }

  /** Another worker that has a free slot, for what one has failed or is slow over; none that is itself on trial. */
  pickOther(route: VersionRoute, not: WorkerLink): WorkerLink | undefined {
    const others = othersThan(route, not);
    this.#chance.turn = route.turn++;
    // What is sent again does not wait.
    this.#chance.waiting = Number.POSITIVE_INFINITY;
    return others[this.#options.policy(others, this.#chance)];
  }

  /** The same, or else the least loaded: what is sent again is little, by its budget, and has waited once already. */
  pickAnyOther(route: VersionRoute, not: WorkerLink): WorkerLink | undefined {
    const free = this.pickOther(route, not);
    if (free) return free;
    let least: WorkerLink | undefined;
    for (const link of othersThan(route, not)) if (!least || link.load < least.load) least = link;
    return least;
  }

  /** Sends a request that is at no worker. */
  send(exchange: RoutedExchange, link: WorkerLink, now: number): void {
    exchange.sentAt = now;
    exchange.link = link;
    exchange.attempt = this.#try(exchange, link, now);
    const { hedgeable, onTrial, record } = exchange.route;
    if (this.#options.hedges && record.idempotent) hedgeable.add(exchange.attempt);
    if (onTrial.length > 0) beginTrial(exchange, this.#trials);
  }

  /** Sends a request to a second worker as well. */
  double(exchange: RoutedExchange, link: WorkerLink, now: number): void {
    exchange.hedge = this.#try(exchange, link, now);
  }

  /** A try is over. */
  leave(attempt: RoutedAttempt): void {
    const { exchange, link } = attempt;
    link.attempts.remove(attempt);
    if (this.#options.hedges) exchange.route.hedgeable.remove(attempt);
    exchange.leave(attempt);
    this.#options.onLoadChange();
  }

  /** Takes a try back that is under way. */
  abandon(attempt: RoutedAttempt): void {
    this.leave(attempt);
    attempt.link.onVoid(attempt);
    attempt.link.channel.cancel(attempt.stream);
  }

  #try(exchange: RoutedExchange, link: WorkerLink, now: number): RoutedAttempt {
    const attempt = new Attempt(this.#handler, exchange, link, now);
    link.onSent(attempt);
    exchange.request.timeoutMs = Math.max(1, Math.ceil(exchange.deadlineAt - now));
    attempt.stream = link.channel.send(exchange.request, attempt);
    this.#options.onLoadChange();
    return attempt;
  }
}

function othersThan(route: VersionRoute, not: WorkerLink): WorkerLink[] {
  return route.usable.filter((link) => link !== not && link.breaker.state === 'closed');
}
