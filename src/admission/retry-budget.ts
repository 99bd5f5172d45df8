/** What retries may add to the load: a share of the requests of the last seconds, and a floor. Pure. */

export interface RetryBudgetOptions {
  /** Of requests. */
  readonly percent: number;
  /** Retries a second whatever the load. */
  readonly floorPerSecond: number;
  /** For how long an allowance that is not used lasts, milliseconds. */
  readonly windowMs: number;
}

export class RetryBudget {
  readonly #share: number;
  readonly #floorPerMs: number;
  readonly #windowMs: number;
  /** Allowance in hand. */
  #tokens: number;
  /** Deposits of about the last window: what may be in hand at most. */
  #most: number;
  #atMs: number | undefined;

  constructor({ percent, floorPerSecond, windowMs }: RetryBudgetOptions) {
    this.#share = percent / 100;
    this.#floorPerMs = floorPerSecond / 1000;
    this.#windowMs = windowMs;
    this.#most = this.#floorPerMs * windowMs;
    this.#tokens = this.#most;
  }

  /** A request came in, for the first time. */
  onRequest(nowMs: number): void {
    this.#pass(nowMs);
    this.#tokens += this.#share;
    this.#most += this.#share;
  }

  /** Takes one retry; false when the budget is used up. */
  take(nowMs: number): boolean {
    this.#pass(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #pass(nowMs: number): void {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    if (elapsedMs > 0) {
      const floor = this.#floorPerMs * this.#windowMs;
      // What was deposited fades away over the window.
      this.#most = floor + (this.#most - floor) * Math.exp(-elapsedMs / this.#windowMs);
      this.#tokens += this.#floorPerMs * elapsedMs;
    }
    if (this.#tokens > this.#most) this.#tokens = this.#most;
  }
}
