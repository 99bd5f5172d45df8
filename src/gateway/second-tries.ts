/** When a request that one worker has, or had, is sent to another as well, or instead; each within its route's budget. */
import type { RoutedAttempt, RoutedExchange, VersionRoute } from './model-route.ts';
import type { Sender } from './sender.ts';
import type { WorkerLink } from './worker-link.ts';

export class SecondTries {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Sends a request that one worker failed to another; false when it may not be, or there is none. */
  elsewhere(exchange: RoutedExchange, not: WorkerLink, now: number): boolean {
    const { route } = exchange;
    if (!route.record.idempotent) return false;
    const other = this.#sender.pickAnyOther(route, not);
    if (!other || !route.retries.take(now)) return false;
    route.statistics.retries++;
    this.#sender.send(exchange, other, now);
    return true;
  }

  /** Sends what a worker holds that may never answer to another as well: whoever answers first is heard. */
  rescue(attempt: RoutedAttempt, now: number): void {
    const { exchange } = attempt;
    const { route } = exchange;
    if (!route.record.idempotent) return;
    const other = exchange.attempt === attempt ? exchange.hedge : exchange.attempt;
    if (other?.link.breaker.state === 'closed') return;
    const link = this.#sender.pickAnyOther(route, attempt.link);
    if (!link || !route.retries.take(now)) return;
    // Both of its workers are stuck: one of the tries makes room for a third.
    if (other) this.#sender.abandon(attempt);
    this.#sender.double(exchange, link, now);
    route.statistics.retries++;
  }

  /** Sends to a second worker what is slower than most, while nobody waits and somebody is free. */
  hedgeSlow(route: VersionRoute, now: number): void {
    const { slowMs, hedgeable } = route;
    if (slowMs === undefined) return;
    for (let one = hedgeable.first; one && now - one.sentAt >= slowMs; one = hedgeable.first) {
      hedgeable.remove(one);
      if (route.waiting.size > 0 || one.exchange.hedge) continue;
      const link = this.#sender.pickOther(route, one.link);
      if (!link || !route.hedges.take(now)) continue;
      this.#sender.double(one.exchange, link, now);
      route.statistics.hedges++;
    }
  }
}
