/** What a worker does that serves one request after the other, each for a set time; and what it does when told to fail. */
import type { ServerRequest } from '../../src/channel/server-connection.ts';

/**
 * serves: each in its time. slow: each in ten times that. fails: an error at once. mute: takes all and answers nothing,
 * though its connection is alive.
 */
export type Behaviour = 'serves' | 'slow' | 'fails' | 'mute';

interface Waiting {
  readonly request: ServerRequest;
  readonly arrivedMs: number;
}

const SLOWER = 10;
/** A timer later than this says that the process did not run, and then it served nothing either. */
const CATCH_UP_MS = 20;
const ANSWER = Buffer.from('{"model_name":"timed","model_version":"1","outputs":[]}');
const BROKEN = { code: 'INTERNAL', message: 'this worker is told to fail' } as const;
const LATE = { code: 'DEADLINE_EXCEEDED', message: 'its time ran out before it was run' } as const;

export class TimedService {
  behaviour: Behaviour = 'serves';
  readonly #serviceMs: () => number;
  #waiting: Waiting[] = [];
  #muted: ServerRequest[] = [];
  #serving = false;

  /** @param serviceMs how long the next request takes */
  constructor(serviceMs: () => number) {
    this.#serviceMs = serviceMs;
  }

  accept(request: ServerRequest): void {
    switch (this.behaviour) {
      case 'fails':
        request.fail(BROKEN);
        return;
      case 'mute':
        this.#muted.push(request);
        return;
      case 'serves':
      case 'slow':
        this.#waiting.push({ request, arrivedMs: performance.now() });
        if (!this.#serving) this.#serveNext(0);
        return;
    }
  }

  /** Ends what it was told not to answer, so that the worker can drain. */
  release(): void {
    for (const request of this.#muted) if (!request.cancelled) request.fail(BROKEN);
    this.#muted = [];
  }

  /** @param freeMs when the one before was done: not when its timer fired, or timers would set how much it carries */
  #serveNext(freeMs: number): void {
    this.#serving = false;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const { request, arrivedMs } = next;
      if (request.cancelled) continue;
      const now = performance.now();
      if (now - arrivedMs > request.head.timeoutMs) {
        request.fail(LATE);
        continue;
      }
      const startMs = Math.max(freeMs, arrivedMs, now - CATCH_UP_MS);
      const serviceMs = this.#serviceMs() * (this.behaviour === 'slow' ? SLOWER : 1);
      const endMs = startMs + serviceMs;
      this.#serving = true;
      setTimeout(
        () => {
          this.#answer(request, startMs - arrivedMs, serviceMs);
          this.#serveNext(endMs);
        },
        Math.max(0, endMs - now),
      );
      return;
    }
  }

  #answer(request: ServerRequest, queueMs: number, serviceMs: number): void {
    if (this.behaviour === 'mute') {
      this.#muted.push(request);
      return;
    }
    const timings = { queueUs: queueMs * 1e3, decodeUs: 0, inferUs: serviceMs * 1e3, encodeUs: 0 };
    request.respond(ANSWER, undefined, { ...timings, batchRows: 1, rows: 1 });
  }
}
