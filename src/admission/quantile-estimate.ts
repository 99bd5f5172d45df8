/**
 * A running estimate of a quantile without any sample kept: each value moves it a little, up when it is higher and down
 * when it is lower, so that it comes to rest where as many are lower as the quantile says. Pure.
 */

/** Of the estimate itself, so that it follows whatever the scale; larger at first, when it is far off. */
const STEP = 0.02;
const FIRST_STEP = 0.5;

export class QuantileEstimate {
  readonly #quantile: number;
  #value = 0;
  #count = 0;

  /** @param quantile between 0 and 1 */
  constructor(quantile: number) {
    this.#quantile = quantile;
  }

  /** 0 before the first. */
  get value(): number {
    return this.#value;
  }

  get count(): number {
    return this.#count;
  }

  /** @param value positive */
  note(value: number): void {
    this.#count++;
    if (this.#value <= 0) {
      this.#value = value;
      return;
    }
    const step = Math.max(STEP, FIRST_STEP / this.#count);
    this.#value *= value > this.#value ? 1 + step * this.#quantile : 1 - step * (1 - this.#quantile);
  }
}
