/** How long the runs of a model take, by what recent ones took. Pure. */

/** Weight of the latest run: a few are enough to forget a first one that was unusually long. */
const LATEST = 0.25;
const DOUBT = 0.9;

/**
 * A smoothed mean for the runs of each power of two of elements: a run's time depends on its rows and, where their shape
 * is open, on the size of each, in a way that is the model's own.
 */
export class RunTimes {
  readonly #meanMs = new Float64Array(33);

  /** @param elements of all inputs together */
  record(elements: number, runMs: number): void {
    const size = sizeOf(elements);
    const meanMs = this.#meanMs[size] as number;
    this.#meanMs[size] = meanMs === 0 ? runMs : meanMs + LATEST * (runMs - meanMs);
  }

  /** Milliseconds; 0 where no run of like size is known. */
  expectedMs(elements: number): number {
    return this.#meanMs[sizeOf(elements)] as number;
  }

  /** Lowers an expectation for which a run was not made, as no run can correct it then. */
  doubt(elements: number): void {
    const size = sizeOf(elements);
    this.#meanMs[size] = DOUBT * (this.#meanMs[size] as number);
  }
}

/** 0 for up to one element, 1 for two, 2 for up to four, 3 for up to eight. */
function sizeOf(elements: number): number {
  return 32 - Math.clz32(Math.max(1, elements) - 1);
}
