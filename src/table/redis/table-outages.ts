/** Whether the table is available and since when, told once when it goes and once when it is back, and not as a storm. */
import type { TableHealth } from '../control-table.ts';
import { isOfCredentials, TableAwayError } from './redis-errors.ts';

export interface TableOutagesOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The table's clock. */
  readonly tableClock: () => number;
  readonly log: {
    warn(fields: object, message: string): void;
    info(fields: object, message: string): void;
  };
}

/** Of a table that comes and goes, no more than one outage in this time is logged. */
const LOG_EVERY_MS = 10_000;

export class TableOutages {
  readonly #options: TableOutagesOptions;
  #available = false;
  #ever = false;
  #since = 0;
  #reason = 'not read yet';
  #outages = 0;
  #awayAt = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;
  #logged = false;
  #onFirst: (() => void) | undefined;
  #onGivenUp: (() => void) | undefined;

  constructor(options: TableOutagesOptions) {
    this.#options = options;
  }

  get available(): boolean {
    return this.#available;
  }

  get health(): TableHealth {
    return {
      available: this.#available,
      since: this.#since,
      reason: this.#available ? '' : this.#reason,
      outages: this.#outages,
    };
  }

  /** @throws TableAwayError when it has not become available in time, or cannot for want of a password */
  firstAvailable(timeoutMs: number): Promise<void> {
    if (this.#ever) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        clearTimeout(timer);
        reject(new TableAwayError(this.#reason));
      };
      const timer = setTimeout(giveUp, timeoutMs);
      this.#onGivenUp = giveUp;
      this.#onFirst = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  away(reason: string): void {
    this.#reason = reason;
    if (!this.#ever && isOfCredentials(reason)) this.#onGivenUp?.();
    if (!this.#available) return;
    const { now, tableClock } = this.#options;
    this.#available = false;
    this.#since = tableClock();
    this.#outages++;
    this.#awayAt = now();
    this.#logged = false;
    this.#unlogged++;
    this.tick();
  }

  /** Tells of an outage that lasts when it was too soon to tell of it at its beginning. To be called now and then. */
  tick(): void {
    const { now, log } = this.#options;
    if (this.#available || !this.#ever || this.#logged || now() - this.#loggedAt < LOG_EVERY_MS) return;
    this.#logged = true;
    this.#loggedAt = now();
    const before = this.#unlogged - 1;
    this.#unlogged = 0;
    log.warn(
      { reason: this.#reason, ...(before > 0 ? { outages_not_logged: before } : {}) },
      'the control table is away: requests go on by the last view, changes wait',
    );
  }

  back(): void {
    if (this.#available) return;
    const { now, tableClock, log } = this.#options;
    this.#available = true;
    this.#since = tableClock();
    if (this.#ever && this.#logged) {
      log.info({ away_ms: Math.round(now() - this.#awayAt) }, 'the control table is back');
    }
    this.#ever = true;
    this.#onFirst?.();
  }

  /** Ages by the clock before say nothing any more. */
  clockJumped(): void {
    if (this.#available) this.#since = this.#options.tableClock();
  }

  /** Nobody waits any more. */
  close(): void {
    if (!this.#ever) this.#onGivenUp?.();
  }
}
