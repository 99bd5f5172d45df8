/**
 * How many requests may be at one worker at once: as many as it can use and not more, so that the rest waits in the
 * gateway, where it can still go to another. Pure.
 *
 * Judged by rounds: as many answers as the limit is, all of them of requests that were sent under it. Where they waited
 * at the worker for longer than is allowed, the limit is cut, and is at first only raised half the way back to where it
 * was cut, then half of what is left, and so on; the last step is tried seldom. Beyond that the steps double. This is
 * BIC (Xu, Harfoush, Rhee, "Binary increase congestion control for fast long-distance networks", INFOCOM 2004) with the
 * time in the queue for the loss; with plain additive increase a worker of one request at a time would have two for
 * half of the time, and one of 128 would need seconds to recover from one pause.
 */

export interface AdaptiveLimitOptions {
  /** Never fewer; at least 1. */
  readonly least: number;
  /** Never more: the slots that the worker declares. */
  readonly most: number;
  /**
   * How long requests may wait at the worker, in runs. A worker that runs batches collects the next while one runs, so
   * every request waits for one run and all is well: more than 1. Less than 1 where each run takes one request.
   */
  readonly patience: number;
}

const FIRST_LIMIT = 4;
/** What may wait in any case, milliseconds: short runs must not run out while the next request is under way to them. */
const LEAST_ALLOWANCE_MS = 4;
/** Answers that a judgement rests on at least: with fewer, one run of unusual length would make it. */
const LEAST_ROUND = 4;
/** A cut leaves this share of the limit, by how far the wait is over what is allowed. */
const DEEPEST_CUT = 0.5;
const SLIGHTEST_CUT = 0.9;
const BUSY_CUT = 0.8;
/** Rounds until the limit at which the last cut was made is tried again. */
const ROUNDS_PER_TRIAL = 16;

export class AdaptiveLimit {
  readonly #least: number;
  readonly #most: number;
  readonly #patience: number;
  /** A whole number but for the sixteenths on the way to a trial. */
  #exact = 0;
  /** The limit at which the last cut was made; 0 while there was none. */
  #ceiling = 0;
  /** The next raise beyond the ceiling. */
  #step = 0;
  /** Answers yet to come of requests sent under the limit before, which say nothing of this one. */
  #stale = 0;
  #answers = 0;
  #full = 0;
  #queueMs = 0;
  #serviceMs = 0;

  constructor({ least, most, patience }: AdaptiveLimitOptions) {
    this.#least = Math.max(1, Math.floor(least));
    this.#most = Math.max(this.#least, Math.floor(most));
    this.#patience = patience;
    this.reset();
  }

  get limit(): number {
    return Math.floor(this.#exact);
  }

  /**
   * A request was answered.
   * @param queueMs it waited at the worker for its run
   * @param serviceMs its run took
   * @param full the worker was at its limit once it was sent
   */
  onAnswered(queueMs: number, serviceMs: number, full: boolean): void {
    if (this.#stale > 0) {
      this.#stale--;
      return;
    }
    this.#answers++;
    if (full) this.#full++;
    this.#queueMs += queueMs;
    this.#serviceMs += serviceMs;
    const round = Math.max(LEAST_ROUND, this.limit);
    const allowedMs = Math.max(LEAST_ALLOWANCE_MS, (this.#patience * this.#serviceMs) / this.#answers);
    // Also in the midst of a round, once the rest of it could not change the verdict.
    if (this.#queueMs > allowedMs * round) {
      const excess = this.#queueMs / this.#answers / allowedMs;
      this.#cut(Math.min(SLIGHTEST_CUT, Math.max(DEEPEST_CUT, 1 / excess)));
    } else if (this.#answers >= round) {
      // A limit that is not used has not been shown to be too low.
      if (2 * this.#full >= this.#answers) this.#raise();
      this.#beginRound();
    }
  }

  /** The worker said busy. */
  onBusy(): void {
    if (this.#stale === 0) this.#cut(BUSY_CUT);
  }

  /** Begins anew, as after a reconnect. */
  reset(): void {
    this.#exact = Math.max(this.#least, Math.min(this.#most, FIRST_LIMIT));
    this.#ceiling = 0;
    this.#step = this.#exact;
    this.#stale = 0;
    this.#beginRound();
  }

  #cut(share: number): void {
    const { limit } = this;
    this.#ceiling = Math.max(limit, this.#least + 1);
    this.#step = 1;
    // By one at least, as less would change nothing.
    this.#set(Math.min(limit - 1, Math.round(limit * share)));
    this.#stale = limit;
    this.#beginRound();
  }

  #raise(): void {
    const { limit } = this;
    const gap = this.#ceiling - limit;
    if (gap > 1) {
      this.#set(limit + Math.floor(gap / 2));
    } else if (gap === 1) {
      this.#set(this.#exact + 1 / ROUNDS_PER_TRIAL);
    } else {
      this.#set(limit + this.#step);
      this.#step *= 2;
    }
    if (this.limit > limit) this.#stale = limit;
  }

  #set(exact: number): void {
    this.#exact = Math.max(this.#least, Math.min(this.#most, exact));
  }

  #beginRound(): void {
    this.#answers = 0;
    this.#full = 0;
    this.#queueMs = 0;
    this.#serviceMs = 0;
  }
}
