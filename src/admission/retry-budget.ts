/**
 * What retries may add to the load: a share of the requests of the last seconds, and a floor. Pure.
 *
 * A bucket of tokens in which each deposit lasts for a window (as Finagle's RetryBudget): a plain bucket that saved up in
 * quiet hours would let a storm of retries through in a bad minute.
 */

export interface RetryBudgetOptions {
  /** Of requests; 20 is one retry for five requests. */
  readonly percent: number;
  /** Retries a second whatever the load. */
  readonly floorPerSecond: number;
  /** For how long an allowance that is not used lasts, milliseconds. */
  readonly windowMs: number;
}

/** Parts of the window that expire one by one. */
const PARTS = 10;
/** In hundredths, so that whole percentages add up without an error. */
const RETRY = 100;

export class RetryBudget {
  readonly #percent: number;
  readonly #partMs: number;
  readonly #floorPerPart: number;
  /** What is left of the deposits of each part of the window, in hundredths of a retry. */
  readonly #left = new Float64Array(PARTS);
  /** The sum of these. */
  #inHand = 0;
  /** The present part; time before all that can come has it begin with a whole window of the floor. */
  #part = Number.NEGATIVE_INFINITY;

  constructor({ percent, floorPerSecond, windowMs }: RetryBudgetOptions) {
    this.#percent = percent;
    this.#partMs = windowMs / PARTS;
    this.#floorPerPart = (RETRY * floorPerSecond * this.#partMs) / 1_000;
  }

  /** A request came in, for the first time. */
  onRequest(nowMs: number): void {
    this.#pass(nowMs);
    this.#left[this.#part % PARTS]! += this.#percent;
    this.#inHand += this.#percent;
  }

  /** Takes one retry; false when the budget is used up. */
  take(nowMs: number): boolean {
    this.#pass(nowMs);
    if (this.#inHand < RETRY) return false;
    let due = RETRY;
    // What would expire first goes first.
    for (let part = this.#part + 1; due > 0 && part <= this.#part + PARTS; part++) {
      const used = Math.min(due, this.#left[part % PARTS] as number);
      this.#left[part % PARTS]! -= used;
      due -= used;
    }
    this.#inHand -= RETRY;
    return true;
  }

  #pass(nowMs: number): void {
    const part = Math.floor(nowMs / this.#partMs);
    if (part <= this.#part) return;
    const missed = Math.min(PARTS, part - this.#part);
    for (let n = 0; n < missed; n++) this.#left[(part - n + PARTS) % PARTS] = this.#floorPerPart;
    this.#part = part;
    // Added up anew, so that errors of fractions do not.
    this.#inHand = this.#left.reduce(sum);
  }
}

const sum = (left: number, right: number): number => left + right;
