/**
 * The mean time that requests take at a worker, without what they waited there for others.
 *
 * Not the time from one completion to the next: of a worker that serves several at once that is the less the more it
 * has, so that whoever has most would look fastest and be sent more still.
 *
 * The mean and its variance are weighted exponentially (West, "Updating mean and variance estimates", CACM 1979).
 */

/** Weight of the newest sample once there are as many as it says: about the last 50 count. */
const WEIGHT = 0.02;
/** By how many of its standard errors the mean may be below what was measured. */
const DOUBT = 1.5;
/** But no further below than this share: a few of nearly nothing are not to make a worker seem infinitely fast. */
const LEAST_SHARE = 0.25;
/** Nothing is known of a worker that has completed nothing for this long, and for so many times what one takes. */
const STALE_MS = 5_000;
const STALE_REQUESTS = 200;

export class ServiceTime {
  #meanMs = 0;
  #variance = 0;
  /** Sum of the squared weights of all samples: one over the number of equal samples that would say as much. */
  #spread = 1;
  #samples = 0;
  #completedAtMs = Number.NEGATIVE_INFINITY;
  #leastMs = 0;

  /**
   * The least that the mean is likely to be, milliseconds; 0 before the second completion.
   *
   * Who is thought to be slow is sent little, so that what is wrong about it stays; who is thought to be fast soon
   * shows what it is. So doubt is in a worker's favour: one request that took very long, as the first often does,
   * costs it nothing (bandits by an upper confidence bound do the same: Auer et al., Machine Learning 47, 2002).
   */
  get leastMs(): number {
    return this.#leastMs;
  }

  /**
   * Forgets what is out of date; true when it did. To be called every now and then of a worker that has nothing in
   * flight: one that was slow for a while is sent nothing, and would never be seen to be well again.
   */
  forgetIfStale(nowMs: number): boolean {
    const staleMs = Math.max(STALE_MS, STALE_REQUESTS * this.#meanMs);
    if (this.#samples === 0 || nowMs - this.#completedAtMs < staleMs) return false;
    this.#samples = 0;
    this.#leastMs = 0;
    return true;
  }

  /**
   * A request was completed there now.
   * @param sampleMs that it took, without its waiting
   */
  note(sampleMs: number, nowMs: number): void {
    this.#completedAtMs = nowMs;
    this.#samples++;
    // Plain means at first, otherwise the first sample counted for as much as all that follow. Its weight is 1, which
    // also clears what was forgotten.
    const weight = Math.max(WEIGHT, 1 / this.#samples);
    const distance = sampleMs - this.#meanMs;
    const step = weight * distance;
    this.#meanMs += step;
    this.#variance = (1 - weight) * (this.#variance + distance * step);
    this.#spread = (1 - weight) ** 2 * this.#spread + weight ** 2;
    if (this.#samples < 2) return;
    const error = Math.sqrt((this.#variance * this.#spread) / (1 - this.#spread));
    this.#leastMs = Math.max(LEAST_SHARE * this.#meanMs, this.#meanMs - DOUBT * error);
  }
}
