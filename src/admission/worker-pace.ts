/**
 * How fast a worker answers while it is kept at its limit, by limit: shows below which limit it stands idle while its
 * next request is on the way, which grows with a busy machine and a far network and is not to be told from work by how
 * long one request takes. Pure.
 */

/** Beyond it, a limit too low by one costs little. */
const GREATEST_LIMIT = 8;
/** A lower limit whose answers follow each other so much more slowly is too low. */
const TOLERANCE = 1.1;
/** Answers after which a limit is judged. */
const ENOUGH = 32;
/** The newest so many count: the mean of as many lognormal times (sigma 1) is within 6 %. */
const WINDOW = 512;
/** So many standard errors of its mean a limit must be slower, lest chance decide. */
const CERTAINTY = 2;

interface Pace {
  answers: number;
  meanMs: number;
  variance: number;
}

export class WorkerPace {
  readonly #paces: Pace[] = [];

  /** @param sinceLastMs between an answer and the one before, while more were waiting for the worker */
  note(limit: number, sinceLastMs: number): void {
    if (limit > GREATEST_LIMIT) return;
    this.#paces[limit] ??= { answers: 0, meanMs: 0, variance: 0 };
    const pace = this.#paces[limit];
    pace.answers = Math.min(WINDOW, pace.answers + 1);
    const offMs = sinceLastMs - pace.meanMs;
    pace.meanMs += offMs / pace.answers;
    pace.variance += (offMs * (sinceLastMs - pace.meanMs) - pace.variance) / pace.answers;
  }

  /** The least limit at which the worker is not known to be slower than at a greater one; 1 while nothing is known. */
  get leastUseful(): number {
    let useful = 1;
    let best: Pace | undefined;
    for (let limit = GREATEST_LIMIT; limit >= 1; limit--) {
      const pace = this.#paces[limit];
      if (pace === undefined || pace.answers < ENOUGH) continue;
      if (best !== undefined && isSlower(pace, best)) return useful;
      if (best === undefined || pace.meanMs < best.meanMs) best = pace;
      useful = limit;
    }
    return 1;
  }

  /** What was seen of limits below may have changed; they are tried again. */
  forgetBelow(limit: number): void {
    for (const pace of this.#paces.slice(0, limit)) if (pace !== undefined) pace.answers = 0;
  }

  reset(): void {
    this.#paces.length = 0;
  }
}

function isSlower(pace: Pace, best: Pace): boolean {
  const errorMs = Math.sqrt(pace.variance / pace.answers + best.variance / best.answers);
  return pace.meanMs > TOLERANCE * best.meanMs + CERTAINTY * errorMs;
}
