/** Tells waiting from work in the latency of a server that does not say what it did. */
import type { WorkerTimings } from './messages.ts';

/** Weight of the newest latency in the mean: about the last 20 count. */
const WEIGHT = 0.1;

/**
 * What a request takes that has the server to itself, as far as this gateway knows, is taken for the work; what another
 * takes beyond that, for waiting. Little's law asks no more of a server to see a queue there.
 */
export class AloneLatency {
  #meanMs: number | undefined;

  /** @param alone whether nothing else was under way there when it was sent */
  note(latencyMs: number, alone: boolean): void {
    if (alone)
      this.#meanMs =
        this.#meanMs === undefined ? latencyMs : this.#meanMs + WEIGHT * (latencyMs - this.#meanMs);
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
