/**
 * How many requests may be at one worker at once: as many as it can use and not more, so that the rest waits in the
 * gateway, where it can still go to another. Pure.
 *
 * Goes by rounds: as many answers as the limit is, all of them of requests that were sent under it. While they waited at
 * the worker no longer than is allowed, the limit is raised after each round. It is cut once they have waited too long
 * by a sum that chance does not come to (CUSUM; Page, "Continuous inspection schemes", Biometrika 1954): a batch worker's
 * round is but two runs, and one of unusual length must not cost half of its batch. A cut limit is at first raised half
 * the way back to where it was cut, then half of what is left, and so on; the last step is tried seldom. Beyond that the
 * steps double. That is BIC (Xu, Harfoush, Rhee, "Binary increase congestion control for fast long-distance networks",
 * INFOCOM 2004) with the time in the queue for the loss; with plain additive increase a worker of one request at a time
 * would have two for half of the time, and one of 128 would need seconds to recover from one pause.
 *
 * Whatever waits, no limit is cut to less than the worker needs so as not to stand idle between two requests.
 */
import { WorkerPace } from './worker-pace.ts';

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
  /** A cut takes as much excess as so many rounds of twice the allowance are: more where waiting is not told but inferred. */
  readonly evidenceRounds: number;
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
const ROUNDS_PER_TRIAL = 24;
/** The time of a run is smoothed over this many rounds. */
const SERVICE_ROUNDS = 4;

export class AdaptiveLimit {
  readonly #least: number;
  readonly #most: number;
  readonly #evidenceRounds: number;
  /** May change: what the model takes together may only be known later. */
  patience: number;
  /** A whole number but for the fractions on the way to a trial. */
  #exact = 0;
  /** The limit at which the last cut was made; 0 while there was none. */
  #ceiling = 0;
  /** The next raise beyond the ceiling. */
  #step = 0;
  /** Answers yet to come of requests sent under the limit before, which say nothing of this one. */
  #stale = 0;
  /** The mean time of a run, smoothed. */
  #serviceMs = 0;
  /** Evidence for a cut: what answers waited beyond what is allowed, less what others stayed below it. */
  #excessMs = 0;
  readonly #pace = new WorkerPace();
  /** Of the round so far. */
  #answers = 0;
  #full = 0;
  #queueMs = 0;

  constructor({ least, most, patience, evidenceRounds }: AdaptiveLimitOptions) {
    this.#evidenceRounds = evidenceRounds;
    this.#least = Math.max(1, Math.floor(least));
    this.#most = Math.max(this.#least, Math.floor(most));
    this.patience = patience;
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
    const { limit } = this;
    const round = Math.max(LEAST_ROUND, limit);
    if (this.#serviceMs === 0) this.#serviceMs = serviceMs;
    this.#serviceMs += (serviceMs - this.#serviceMs) / (SERVICE_ROUNDS * round);
    if (this.#stale > 0) {
      this.#stale--;
      return;
    }
    const allowedMs = this.#allowedMs();
    this.#answers++;
    if (full) this.#full++;
    this.#queueMs += queueMs;
    this.#excessMs = Math.max(0, this.#excessMs + queueMs - allowedMs);
    if (this.#excessMs > this.#evidenceRounds * round * allowedMs) {
      const share = (this.#answers * allowedMs) / this.#queueMs;
      this.#cut(Math.min(SLIGHTEST_CUT, Math.max(DEEPEST_CUT, share)));
    } else if (this.#answers >= round) {
      // A limit that is not used has not been shown to be too low.
      if (this.#queueMs <= this.#answers * allowedMs && 2 * this.#full >= this.#answers) this.#raise();
      this.#beginRound();
    }
  }

  /** What a request took without any waiting for others, all the ways included. */
  onAlone(latencyMs: number): void {
    this.#pace.noteAlone(latencyMs);
  }

  /** A request that had waited for an answer of the worker was answered so long after the answer before it. */
  onNext(sinceLastMs: number): void {
    if (this.#stale === 0) this.#pace.noteInterval(this.limit, sinceLastMs);
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
    this.#serviceMs = 0;
    this.#excessMs = 0;
    this.#pace.reset();
    this.#beginRound();
  }

  #cut(share: number): void {
    const { limit } = this;
    this.#ceiling = Math.max(limit, this.#least + 1);
    this.#step = 1;
    // By one at least, as less would change nothing.
    this.#set(Math.min(limit - 1, Math.round(limit * share)));
    this.#stale = limit;
    this.#excessMs = 0;
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
    this.#exact = Math.min(this.#most, Math.max(this.#harmless(), this.#pace.need, exact));
  }

  #allowedMs(): number {
    return Math.max(LEAST_ALLOWANCE_MS, this.patience * this.#serviceMs);
  }

  /**
   * So many, run one after the other, wait no longer than is allowed. If they did, it was not for each other: this process
   * or the machine was busy, and a worker of short runs that is cut for it stands idle while its next request is under way.
   */
  #harmless(): number {
    return this.#serviceMs > 0
      ? Math.max(this.#least, 1 + Math.floor(this.#allowedMs() / this.#serviceMs))
      : this.#least;
  }

  #beginRound(): void {
    this.#answers = 0;
    this.#full = 0;
    this.#queueMs = 0;
  }
}
