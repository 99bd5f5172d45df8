/**
 * How many requests a worker needs at once so that it does not stand idle while the next one is on its way. That way grows
 * with a busy machine and a far network, and the latency alone does not tell it from work: a request that is alone takes
 * both, but a worker that has more than it needs answers as fast as it works. The one over the other is what it needs
 * (Little's law; BBR sizes its window so: Cardwell et al., ACM Queue 14, 2016). Pure.
 */

/** Paces are kept of so many limits; a greater one that is too low by one costs little. */
const GREATEST_LIMIT = 8;
/** What a lower limit may cost: a tenth of the answers. */
const TOLERANCE = 1.1;
/** Answers after which a mean says something. */
const ENOUGH = 16;
/** The newest so many count: the mean of as many lognormal times (sigma 1) is within 12 %. */
const WINDOW = 128;
/** By so many standard errors the worker must be slower: more would let chance have it stand idle. */
const CERTAINTY = 1;
/** While nothing is known: a second request costs little where it is not needed, and much where it is missing. */
const USUAL_NEED = 2;

export class WorkerPace {
  #alone = new Mean();
  /** Between two answers, by the limit at which the worker was kept. */
  readonly #intervals: Mean[] = [];

  /** @param latencyMs of a request that met no other at the worker, or without what it waited there for others */
  noteAlone(latencyMs: number): void {
    this.#alone.note(latencyMs);
  }

  /** @param sinceLastMs between an answer and the one before, while more were waiting for the worker */
  noteInterval(limit: number, sinceLastMs: number): void {
    // With one request at a time it shows what it takes alone, not how fast it works.
    if (limit < 2 || limit > GREATEST_LIMIT) return;
    this.#intervals[limit] ??= new Mean();
    this.#intervals[limit].note(sinceLastMs);
  }

  /** The least limit that does not make it slower, as far as is known. */
  get need(): number {
    const alone = this.#alone;
    const fastest = this.#fastest();
    if (alone.count < ENOUGH || fastest === undefined) return USUAL_NEED;
    for (let limit = 1; limit < GREATEST_LIMIT; limit++) {
      if (!isSlower(alone.value / limit, alone.error / limit, fastest) && !this.#isSeenSlower(limit, fastest))
        return limit;
    }
    return GREATEST_LIMIT;
  }

  #fastest(): Mean | undefined {
    let fastest: Mean | undefined;
    for (const own of this.#intervals) {
      if (own === undefined || own.count < ENOUGH) continue;
      if (fastest === undefined || own.value < fastest.value) fastest = own;
    }
    return fastest;
  }

  /** Where work comes in pieces of unequal length, it stands idle at more limits than the means tell. */
  #isSeenSlower(limit: number, fastest: Mean): boolean {
    const own = this.#intervals[limit];
    return own !== undefined && own.count >= ENOUGH && isSlower(own.value, own.error, fastest);
  }

  reset(): void {
    this.#alone = new Mean();
    this.#intervals.length = 0;
  }
}

function isSlower(intervalMs: number, errorMs: number, fastest: Mean): boolean {
  return intervalMs > TOLERANCE * fastest.value + CERTAINTY * Math.hypot(errorMs, fastest.error);
}

class Mean {
  count = 0;
  value = 0;
  #variance = 0;

  note(sample: number): void {
    this.count = Math.min(WINDOW, this.count + 1);
    const off = sample - this.value;
    this.value += off / this.count;
    this.#variance += (off * (sample - this.value) - this.#variance) / this.count;
  }

  /** Of the mean. */
  get error(): number {
    return Math.sqrt(this.#variance / this.count);
  }
}
