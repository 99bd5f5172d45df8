/**
 * The latency to expect of a worker at a given load: the median of those recent requests that met about that load.
 *
 * After Prequal (Wydrowski et al., "Load is not what you should balance", NSDI 2024, section 4). A median over all
 * recent requests says how loaded the worker was, and would send the next one to whoever was idle a moment ago.
 *
 * Where the nearest are not near, they are taken to say the latency in proportion to what they met and one more. As
 * they are, an idle worker would look as slow as it was when it was last busy and be left idle, and one that fills
 * would look as fast as when it was idle: in `unequal-workers.test.ts` queues then grow without end.
 */
import { nthSmallest } from './nth-smallest.ts';

/** Completions that are remembered. */
const REMEMBERED = 64;
/** Of these the ones with the nearest load count. Odd, so that one of them is the median. */
const NEAREST = 11;

/** Of one search: distances in load and latencies of the nearest so far, the nearest first. */
const distances = new Float64Array(NEAREST);
const latencies = new Float64Array(NEAREST);

export class ConditionedLatency {
  readonly #loads = new Float64Array(REMEMBERED);
  readonly #latenciesMs = new Float64Array(REMEMBERED);
  #noted = 0;
  /** What was asked last, and after how many notes: between two completions the same is asked again and again. */
  #askedLoad = -1;
  #askedNoted = 0;
  #answerMs = 0;

  /** What was known is out of date; see `ServiceTime.forgetIfStale`. */
  forget(): void {
    this.#noted = 0;
    this.#askedLoad = -1;
  }

  /**
   * A request was completed there.
   * @param inFlightAtSend requests that were in flight there when it was sent, itself not included
   */
  note(inFlightAtSend: number, latencyMs: number): void {
    const place = this.#noted++ % REMEMBERED;
    this.#loads[place] = inFlightAtSend;
    this.#latenciesMs[place] = latencyMs;
  }

  /** Milliseconds, of a request that meets `load` others there; 0 before the first completion. */
  medianAt(load: number): number {
    if (this.#askedNoted !== this.#noted || this.#askedLoad !== load) {
      this.#askedNoted = this.#noted;
      this.#askedLoad = load;
      this.#answerMs = this.#search(load);
    }
    return this.#answerMs;
  }

  #search(load: number): number {
    const known = Math.min(this.#noted, REMEMBERED);
    let found = 0;
    // The newest first, so that of several at the same distance the newer ones count.
    for (let age = 1; age <= known; age++) {
      const place = (this.#noted - age) % REMEMBERED;
      const distance = Math.abs((this.#loads[place] as number) - load);
      if (found === NEAREST && distance >= (distances[NEAREST - 1] as number)) continue;
      let rank = found === NEAREST ? NEAREST - 1 : found++;
      for (; rank > 0 && distance < (distances[rank - 1] as number); rank--) {
        distances[rank] = distances[rank - 1] as number;
        latencies[rank] = latencies[rank - 1] as number;
      }
      const met = this.#loads[place] as number;
      distances[rank] = distance;
      latencies[rank] = ((this.#latenciesMs[place] as number) * (load + 1)) / (met + 1);
    }
    return found === 0 ? 0 : nthSmallest(latencies, found, (found - 1) >> 1);
  }
}
