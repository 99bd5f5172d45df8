/** Leaves workers alone for a while that fail, stall or are slow beside their peers, and tries them again. */
import { decideEjections } from '../admission/decide-ejections.ts';
import type { VersionRoute } from './model-route.ts';
import type { WorkerLink } from './worker-link.ts';

export interface EjectorOptions {
  /** Failures in a row after which a worker is left alone; 0 never leaves one alone. */
  readonly ejectAfter: number;
  readonly maxEjectedPercent: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A worker is left alone, or is so no more. */
  readonly onChange: (link: WorkerLink, route: VersionRoute) => void;
  /** A worker holds requests that it may never answer. */
  readonly onStuck: (link: WorkerLink) => void;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

/** How often what lies back is halved, milliseconds: long enough for ten answers of a slow worker. */
const AGE_MS = 3_000;
/**
 * What a worker holds is stuck when it has answered nothing for so long, which is longer than one goes on that does not even
 * answer pings, and for so many times the longest answer of late. By a typical answer instead, healthy workers with long
 * requests were doubted, and a copy of a long request costs as much as the request.
 */
const LEAST_STUCK_MS = 700;
const STUCK_RATIO = 2;
/** The probe of one that is on trial is doubted sooner: a copy of it is one request in seconds. */
const LEAST_PROBE_STUCK_MS = 150;
/** Two ticks further apart than this say that our own process did not run: nobody else's silence counts. */
const LATE_TICK_MS = 250;

export class Ejector {
  readonly #options: EjectorOptions;
  #lastTick: number;
  #agedAt: number;

  constructor(options: EjectorOptions) {
    this.#options = options;
    this.#lastTick = options.now();
    this.#agedAt = this.#lastTick;
  }

  /** A worker failed a request that another answered, or the one that was to show whether it is well again. */
  blame(link: WorkerLink, route: VersionRoute): void {
    if (this.#options.ejectAfter === 0) return;
    const now = this.#options.now();
    const { breaker } = link;
    const before = breaker.state;
    if (before === 'open') return;
    link.onBlamed(now);
    if (before === 'half-open') this.#left(link, route);
    else if (breaker.consecutiveFailures >= this.#options.ejectAfter) this.judge(route);
  }

  /** To be called every 50 ms or so. */
  tick(routes: Iterable<VersionRoute>): void {
    const now = this.#options.now();
    const late = now - this.#lastTick > LATE_TICK_MS;
    this.#lastTick = now;
    const ages = now - this.#agedAt >= AGE_MS;
    if (ages) this.#agedAt = now;
    for (const route of routes) {
      for (const link of route.links) {
        if (late) link.excuse(now);
        if (ages) link.age(now);
        if (link.breaker.tick(now)) {
          this.#options.log.info({ id_worker: link.id_worker }, 'worker is tried again');
          this.#options.onChange(link, route);
        }
      }
      if (late) continue;
      this.judge(route);
      this.#rescue(route, now);
    }
  }

  /** Asks others for what a worker has held for longer than any takes; which also shows whether it is at fault. */
  #rescue(route: VersionRoute, now: number): void {
    const longestMs = STUCK_RATIO * route.longestMs;
    for (const link of route.links) {
      const onTrial = link.breaker.state === 'half-open';
      if (!link.usable && !onTrial) continue;
      const leastMs = onTrial ? LEAST_PROBE_STUCK_MS : LEAST_STUCK_MS;
      if (link.stalledMs(now) >= Math.max(leastMs, longestMs)) this.#options.onStuck(link);
    }
  }

  /** Leaves alone who is worse than its peers. */
  judge(route: VersionRoute): void {
    if (this.#options.ejectAfter === 0) return;
    const now = this.#options.now();
    // One that is on trial is judged by its probe alone, and is no measure for others.
    const peers = [...route.links].filter(
      ({ breaker, usable, busy }) =>
        breaker.state === 'open' || (breaker.state === 'closed' && (usable || busy)),
    );
    if (peers.length < 2) return;
    const { ejectAfter, maxEjectedPercent } = this.#options;
    const ejections = decideEjections(
      peers.map((link) => link.record(now, route.record.idempotent)),
      { maxEjectedPercent, consecutiveFailures: ejectAfter },
    );
    for (const { id_worker, reason } of ejections) {
      const link = peers.find((one) => one.id_worker === id_worker);
      if (!link) continue;
      link.breaker.open(reason, now);
      this.#left(link, route);
    }
  }

  #left(link: WorkerLink, route: VersionRoute): void {
    const { id_worker, breaker } = link;
    route.statistics.ejections++;
    this.#options.log.warn({ id_worker, reason: breaker.reason }, 'worker is left alone for a while');
    this.#options.onChange(link, route);
    if (link.attempts.size > 0) this.#options.onStuck(link);
  }
}
