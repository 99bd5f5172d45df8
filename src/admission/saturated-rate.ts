/**
 * How fast waiting requests are taken up, which tells how long one that joins them will wait. Pure.
 *
 * Counted only while requests wait: at other times the rate is that of the arrivals and not of the workers. Nothing is
 * said before enough has been seen, since a guess would refuse what could be served.
 */

/** Of one saturation, before anything is said. */
const LEAST_MS = 100;
const LEAST_TAKEN = 8;
/**
 * The rate is that of the present span of time and the one before. A span is no shorter than this, and as long as it takes
 * to take up `LEAST_TAKEN`, so that a route of slow requests has a rate as well.
 */
const SPAN_MS = 500;
/** A silence is a stall once it is this many times the longest in these spans: a worker that runs batches has one for each. */
const STALL_GAPS = 3;

export class SaturatedRate {
  #isSaturated = false;
  /** Of the span before: how many were taken up, how long it was, and the longest time between two. */
  #takenBefore = 0;
  #msBefore = 0;
  #gapBeforeMs = 0;
  /** Of the present one. */
  #taken = 0;
  #startMs = 0;
  #gapMs = 0;
  #takenAtMs = 0;

  /** Requests begin to wait. */
  begin(nowMs: number): void {
    this.#isSaturated = true;
    this.#takenBefore = 0;
    this.#msBefore = 0;
    this.#gapBeforeMs = 0;
    this.#startSpan(nowMs);
    this.#takenAtMs = nowMs;
  }

  /** None waits any more. */
  end(): void {
    this.#isSaturated = false;
  }

  /** One of those that wait was taken up. */
  onTaken(nowMs: number): void {
    // What was before a stall says nothing of what comes after it.
    if (this.#stallMs(nowMs) > 0) return this.begin(nowMs);
    this.#gapMs = Math.max(this.#gapMs, nowMs - this.#takenAtMs);
    this.#takenAtMs = nowMs;
    this.#taken++;
    if (this.#taken < LEAST_TAKEN || nowMs - this.#startMs < SPAN_MS) return;
    this.#takenBefore = this.#taken;
    this.#msBefore = nowMs - this.#startMs;
    this.#gapBeforeMs = this.#gapMs;
    this.#startSpan(nowMs);
  }

  /**
   * The wait of one that has so many before it, milliseconds; 0 while it is not known. In a stall it is the longer the
   * longer nobody has been taken up: it is likely to last for as long as it has lasted.
   */
  expectedWaitMs(ahead: number, nowMs: number): number {
    const taken = this.#takenBefore + this.#taken;
    const sinceMs = this.#startMs - this.#msBefore;
    if (!this.#isSaturated || taken < LEAST_TAKEN || nowMs - sinceMs < LEAST_MS) return 0;
    const stallMs = this.#stallMs(nowMs);
    // Not up to now, as the time since the last one is a part of the time to the next.
    return Math.max(stallMs, ((ahead + 1) * (this.#takenAtMs - sinceMs + stallMs)) / taken);
  }

  /** How much longer than usual nobody has been taken up; what is usual is known after the first span. */
  #stallMs(nowMs: number): number {
    if (this.#msBefore === 0) return 0;
    const usualMs = Math.max(LEAST_MS, STALL_GAPS * Math.max(this.#gapBeforeMs, this.#gapMs));
    return Math.max(0, nowMs - this.#takenAtMs - usualMs);
  }

  #startSpan(nowMs: number): void {
    this.#taken = 0;
    this.#startMs = nowMs;
    this.#gapMs = 0;
  }
}
