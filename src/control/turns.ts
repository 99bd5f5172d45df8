/** A controller's turns: it begins to act and ceases to, one after the other, however fast the lease comes and goes. */
import type { Logger } from '../telemetry/logger.ts';
import { isExpected } from './control-loop.ts';

export interface TurnsOptions {
  readonly begin: (term: number) => Promise<void>;
  readonly end: () => Promise<void>;
  readonly log: Logger;
}

/** After something that failed, such as over a repository that could not be read. */
const RETRY_MS = 500;

export class Turns {
  readonly #options: TurnsOptions;
  /** What is to be: the term to act in, or undefined to stand by. */
  #wanted: number | undefined;
  #acting: number | undefined;
  #work: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #redo: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** @param term to act in from now on; undefined: not to act */
  take(term: number | undefined): void {
    if (this.#closed) return;
    this.#wanted = term;
    this.#enqueue(() => this.#turn());
  }

  /** Does something once more that a beginning has done, until it succeeds or this controller does not act. */
  redo(work: () => Promise<void>): void {
    clearTimeout(this.#redo);
    this.#enqueue(async () => {
      if (this.#acting === undefined) return;
      // A table that was emptied has lost the lease too, and takes nothing before that is taken again.
      this.#redo = setTimeout(() => this.redo(work), RETRY_MS);
      await work();
      clearTimeout(this.#redo);
    });
  }

  /** Resolves when what was taken so far is done. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** Acts no more; resolves when it does not. */
  async close(): Promise<void> {
    this.take(undefined);
    this.#closed = true;
    await this.#work;
    clearTimeout(this.#retry);
    clearTimeout(this.#redo);
  }

  async #turn(): Promise<void> {
    const { begin, end } = this.#options;
    const wanted = this.#wanted;
    clearTimeout(this.#retry);
    if (wanted === this.#acting) return;
    if (this.#acting !== undefined) {
      this.#acting = undefined;
      await end();
    }
    if (wanted === undefined) return;
    // Until it has begun, the next turn is to try again.
    this.#retry = setTimeout(() => this.take(this.#wanted), RETRY_MS);
    await begin(wanted);
    clearTimeout(this.#retry);
    this.#acting = wanted;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      const { log } = this.#options;
      const level = isExpected(error) ? 'debug' : 'error';
      log[level]({ err: error }, 'the controller could not do its part; it tries again');
    });
  }
}
