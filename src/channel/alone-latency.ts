/** Tells waiting from work in the latency of a server that does not say what it did. Pure. */
import type { WorkerTimings } from './messages.ts';

/** Weight of the newest latency in the mean: about the last 20 count. */
const WEIGHT = 0.1;
/** Lone requests of which the median is a measurement: the first of a server that is cold says little. */
const SAMPLES = 5;
/** One takes no longer than this with a server that takes long for each, milliseconds. */
const LONGEST_MEASURED_MS = 250;
/** A measurement is good for this long at least, milliseconds, and for so many times what it took. */
const LEAST_GOOD_MS = 2_000;
const GOOD_FOR = 100;

/**
 * What a request takes that has the server to itself, as far as this gateway knows, is taken for the work; what another
 * takes beyond that, for waiting. Little's law asks no more of a server to see a queue there, but it cannot tell one that
 * takes long from one where many wait. Under a load that never ceases no request is ever alone by chance, so that what
 * was measured of a cold server would stand for ever: now and then lone requests are asked for.
 */
export class AloneLatency {
  #meanMs: number | undefined;
  #samples: number[] = [];
  /** What these took together. */
  #tookMs = 0;
  /** When the next measurement is due. */
  #dueAt = Number.NEGATIVE_INFINITY;

  /** Whether requests are to be sent one at a time. @param now monotonic milliseconds */
  wantsAlone(now: number): boolean {
    return now >= this.#dueAt;
  }

  /**
   * @param alone whether nothing else was under way there when it was sent
   * @param now monotonic milliseconds
   */
  note(latencyMs: number, alone: boolean, now: number): void {
    if (!alone) return;
    this.#meanMs =
      this.#meanMs === undefined ? latencyMs : this.#meanMs + WEIGHT * (latencyMs - this.#meanMs);
    if (!this.wantsAlone(now)) return;
    this.#samples.push(latencyMs);
    this.#tookMs += latencyMs;
    if (this.#samples.length < SAMPLES && this.#tookMs < LONGEST_MEASURED_MS) return;
    this.#meanMs = median(this.#samples);
    this.#dueAt = now + Math.max(LEAST_GOOD_MS, GOOD_FOR * this.#tookMs);
    this.#samples = [];
    this.#tookMs = 0;
  }

  /** Where nothing is known yet, all of it is work. */
  split(latencyMs: number): WorkerTimings {
    const workMs = Math.min(latencyMs, this.#meanMs ?? latencyMs);
    return {
      queueUs: (latencyMs - workMs) * 1000,
      decodeUs: 0,
      inferUs: workMs * 1000,
      encodeUs: 0,
      rows: 1,
      batchRows: 1,
    };
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
