/**
 * The fast path beside the HTTP server: takes each new connection first, and hands on to the server what is not an
 * ordinary inference request for a model that is served. Parsing HTTP is most of what a gateway does, and a parser for
 * all of HTTP costs twice what these requests need.
 */
import type { Socket } from 'node:net';
import { FastConnection } from './fast-connection.ts';
import type { FastContext, FastFrontOptions } from './fast-context.ts';
import { newFastHead } from './read-head.ts';
import { headEnd } from './write-answer.ts';

/** How often connections are looked at for time-outs, and the date of answers is set, milliseconds. */
const SWEEP_MS = 500;

export class FastFront implements FastContext<FastConnection> {
  readonly options: FastFrontOptions;
  readonly head = newFastHead();
  coarseNow: number;
  keepAliveEnd = '';
  closeEnd = '';
  #draining = false;
  readonly #connections = new Set<FastConnection>();
  readonly #sweep: NodeJS.Timeout;

  constructor(options: FastFrontOptions) {
    this.options = options;
    this.coarseNow = options.now();
    this.#setDate();
    this.#sweep = setInterval(() => this.#look(), SWEEP_MS).unref();
  }

  get draining(): boolean {
    return this.#draining;
  }

  get size(): number {
    return this.#connections.size;
  }

  accept(socket: Socket): void {
    this.#connections.add(new FastConnection(this, socket));
  }

  forget(connection: FastConnection): void {
    this.#connections.delete(connection);
  }

  drain(): void {
    this.#draining = true;
  }

  closeIdle(): void {
    for (const connection of this.#connections) if (connection.idle) connection.close();
  }

  closeAll(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** Ends its own timer; connections have ended before. */
  stop(): void {
    clearInterval(this.#sweep);
  }

  #look(): void {
    const now = this.options.now();
    // Times were noted by the clock of the look before: waits are taken for shorter than they were, by one look at most.
    for (const connection of this.#connections) connection.check(this.coarseNow);
    this.coarseNow = now;
    this.#setDate();
  }

  #setDate(): void {
    const date = new Date();
    this.keepAliveEnd = headEnd(date, this.options.limits.keepAliveMs);
    this.closeEnd = headEnd(date, null);
  }
}
