/** What is to be measured against: a server that does one request after the other, each in its time. */

interface Job {
  readonly serviceMs: number;
  readonly onDone: () => void;
  /** Its client is gone: it costs nothing if it has not begun. */
  abandoned: boolean;
}

export class FifoWorker {
  readonly speed: number;
  /** Given to it so far. */
  requests = 0;
  readonly #jobs: Job[] = [];
  #finishMs = Number.POSITIVE_INFINITY;

  /** @param speed 1 takes what a request demands, 0.5 twice as long */
  constructor(speed: number) {
    this.speed = speed;
  }

  /** When the request that it does now is done; infinite when it does none. */
  get finishMs(): number {
    return this.#finishMs;
  }

  /** @returns what to call when the client is gone */
  add(demandMs: number, nowMs: number, onDone: () => void): () => void {
    this.requests++;
    const job: Job = { serviceMs: demandMs / this.speed, onDone, abandoned: false };
    this.#jobs.push(job);
    if (this.#jobs.length === 1) this.#finishMs = nowMs + job.serviceMs;
    return () => {
      job.abandoned = true;
    };
  }

  /** Answers what is done. Who waited begins when the one before was to be done, however late that was noticed. */
  finish(nowMs: number): void {
    while (this.#finishMs <= nowMs) {
      this.#jobs.shift()?.onDone();
      while (this.#jobs[0]?.abandoned) this.#jobs.shift();
      const next = this.#jobs[0];
      this.#finishMs = next === undefined ? Number.POSITIVE_INFINITY : this.#finishMs + next.serviceMs;
    }
  }
}
