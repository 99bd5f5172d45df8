/** Keeps a flood of like events from becoming a flood of log lines. */

export class LogThrottle {
  readonly #perSecond: number;
  #windowStart = Number.NEGATIVE_INFINITY;
  #logged = 0;
  #suppressed = 0;

  /** @param perSecond lines that may be written in a second */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /**
   * Whether an event may be logged, and how many were not since the last that was.
   * @param nowMs monotonic milliseconds
   */
  admit(nowMs: number): { readonly suppressed: number } | undefined {
    if (nowMs - this.#windowStart >= 1_000) {
      this.#windowStart = nowMs;
      this.#logged = 0;
    }
    if (this.#logged >= this.#perSecond) {
      this.#suppressed++;
      return undefined;
    }
    this.#logged++;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return { suppressed };
  }
}
