/**
 * How fast waiting requests are taken up, which tells how long one that joins them will wait. Pure.
 *
 * Counted only while requests wait: at other times the rate is that of the arrivals and not of the workers. Nothing is
 * said before enough has been seen, since a guess would refuse what could be served.
 */

/** Of one saturation, before anything is said. */
const LEAST_MS = 100;
const LEAST_TAKEN = 8;
/** What lies back further than about this counts little. */
const MEMORY_MS = 1_000;

export class SaturatedRate {
  #beganAt: number | undefined;
  #taken = 0;
  /** Faded counts of what was taken and of the time that it took. */
  #recentTaken = 0;
  #recentMs = 0;
  #takenAt = 0;

  /** Requests begin to wait. */
  begin(nowMs: number): void {
    this.#beganAt = nowMs;
    this.#taken = 0;
    this.#recentTaken = 0;
    this.#recentMs = 0;
    this.#takenAt = nowMs;
  }

  /** None waits any more. */
  end(): void {
    this.#beganAt = undefined;
  }

  /** One of those that wait was taken up. */
  onTaken(nowMs: number): void {
    const elapsedMs = nowMs - this.#takenAt;
    this.#takenAt = nowMs;
    this.#taken++;
    const kept = elapsedMs > 0 ? Math.exp(-elapsedMs / MEMORY_MS) : 1;
    this.#recentTaken = this.#recentTaken * kept + 1;
    this.#recentMs = this.#recentMs * kept + elapsedMs;
  }

  /** The wait of one that has so many before it, milliseconds; 0 while it is not known. */
  expectedWaitMs(ahead: number, nowMs: number): number {
    if (this.#beganAt === undefined || nowMs - this.#beganAt < LEAST_MS || this.#taken < LEAST_TAKEN)
      return 0;
    // Time that has passed since counts as well, so that a stall shows.
    return ((ahead + 1) * (this.#recentMs + nowMs - this.#takenAt)) / this.#recentTaken;
  }
}
