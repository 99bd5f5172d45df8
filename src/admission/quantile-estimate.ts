/**
 * A running estimate of a quantile that keeps no samples: each value moves it a little, up when it is higher and down
 * when it is lower, by steps so unequal that it comes to rest where the share of lower ones is the quantile (stochastic
 * approximation; Robbins and Monro 1951). Steps are relative, so that any scale will do. Pure.
 */

/**
 * A step, of the estimate. Noise grows with its root, and the time to follow shrinks with it: with lognormal values (σ = 1)
 * the estimate strays by 12 %, and is there after some hundred values when their scale has changed tenfold.
 */
const STEP = 0.04;
/**
 * Values that come on one side, one after the other, are a surprise of −ln(chance) each. Beyond this sum, which is seldom
 * passed by chance (e^−5), the scale has changed, and steps grow in proportion to the excess.
 */
const SURPRISE = 5;
const STEPS_PER_EXCESS = 2;

export class QuantileEstimate {
  readonly #up: number;
  readonly #down: number;
  /** The first values move it more, the nth by 1/n of this: far out, where values lie apart, more than at the median. */
  readonly #firstStep: number;
  readonly #surpriseAbove: number;
  readonly #surpriseBelow: number;
  #value = 0;
  #count = 0;
  /** Of the values on one side so far: positive above, negative below. */
  #surprise = 0;

  /** @param quantile between 0 and 1, both excluded */
  constructor(quantile: number) {
    this.#up = quantile;
    this.#down = 1 - quantile;
    this.#firstStep = 0.25 / (this.#up * this.#down);
    this.#surpriseAbove = -Math.log(1 - quantile);
    this.#surpriseBelow = -Math.log(quantile);
  }

  /** 0 before the first. */
  get value(): number {
    return this.#value;
  }

  get count(): number {
    return this.#count;
  }

  /** @param value not negative */
  note(value: number): void {
    this.#count++;
    if (this.#value === 0) {
      this.#value = value;
    } else if (value > this.#value) {
      this.#surprise = Math.max(0, this.#surprise) + this.#surpriseAbove;
      // Never beyond the value that was the reason.
      this.#value = Math.min(value, this.#value * (1 + this.#step * this.#up));
    } else if (value < this.#value) {
      this.#surprise = Math.min(0, this.#surprise) - this.#surpriseBelow;
      this.#value = Math.max(value, this.#value / (1 + this.#step * this.#down));
    } else {
      this.#surprise = 0;
    }
  }

  get #step(): number {
    const excess = Math.abs(this.#surprise) - SURPRISE;
    const step = Math.max(STEP, this.#firstStep / this.#count);
    return excess > 0 ? step * (1 + STEPS_PER_EXCESS * excess) : step;
  }
}
