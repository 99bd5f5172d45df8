/**
 * The election of the acting controller: a lease in the table that lapses unless renewed, with a fencing token by
 * which the table itself refuses the changes of one that held it once and does not know yet that it has lapsed.
 */
import type { Candidate, Leadership, TermListener } from '../member.ts';
import type { RedisClient } from './redis-client.ts';
import { newEpoch } from './redis-worker-table.ts';
import type { TableKeys } from './table-keys.ts';
import { SCRIPTS } from './table-scripts.ts';

export interface ElectionOptions {
  readonly client: RedisClient;
  readonly keys: TableKeys;
  readonly candidate: Candidate;
  readonly listener: TermListener;
  /** Whether the view is current: by one of before an outage nobody can judge, and all in it look silent. */
  readonly isAvailable: () => boolean;
}

/** A dead controller is missed for this long; another then acts. */
const LEASE_TTL_MS = 3_000;
/** The holder renews and the others try this often. */
const INTERVAL_MS = 500;

export class Election implements Leadership {
  readonly #options: ElectionOptions;
  readonly #timer: NodeJS.Timeout;
  #token: string | undefined;
  /** The highest number of a term that this candidate has heard of, and whether the term was its own. */
  #newestTerm = 0;
  #isNewestOwn = false;
  #asking: Promise<void> | undefined;
  #resigned = false;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.ask(), INTERVAL_MS);
  }

  /** Asks for the first time; resolves when there is an answer, or none to be had now. */
  async begin(): Promise<void> {
    this.ask();
    await this.#asking;
  }

  get id_controller(): string {
    return this.#options.candidate.id_controller;
  }

  get acting(): boolean {
    return this.#token !== undefined;
  }

  /** Resolves when what was asked has been answered: it may be the token that somebody has seen already. */
  async settled(): Promise<void> {
    await this.#asking;
  }

  /** What the table checks changes by, while this candidate acts. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Asks for the lease now. */
  ask(): void {
    if (this.#resigned || !this.#options.isAvailable()) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
  }

  /** The table says who holds the lease, by the feed. */
  onLease(id_controller: string, token: string): void {
    if (id_controller === '') this.ask();
    else if (id_controller !== this.id_controller) {
      this.#hear(token);
      this.#set(undefined);
    }
  }

  /** What cannot be written to is not acted on. */
  onAway(): void {
    this.#set(undefined);
  }

  async resign(): Promise<void> {
    if (this.#resigned) return;
    this.#resigned = true;
    clearInterval(this.#timer);
    await this.#asking;
    this.#set(undefined);
    const { client, keys } = this.#options;
    await client
      .run(
        SCRIPTS.resign,
        [keys.meta, keys.changes, keys.pulse, keys.lease],
        [newEpoch(), this.id_controller],
      )
      // It lapses by itself.
      .catch(() => {});
  }

  async #ask(): Promise<void> {
    const { client, keys, candidate, isAvailable } = this.#options;
    const { id_controller, node, pid } = candidate;
    try {
      const [acting, token] = (await client.run(
        SCRIPTS.lead,
        [keys.meta, keys.changes, keys.pulse, keys.lease],
        [newEpoch(), id_controller, node, pid, LEASE_TTL_MS, this.#newestTerm],
      )) as [number, string];
      if (acting === 0) this.#hear(token);
      this.#set(acting === 1 && isAvailable() ? token : undefined);
    } catch {
      this.#set(undefined);
    }
  }

  /** Another holds the lease; in a table that was lost and found its term may have a number that is low. */
  #hear(token: string): void {
    this.#newestTerm = Math.max(this.#newestTerm + (this.#isNewestOwn ? 1 : 0), Number(token));
    this.#isNewestOwn = false;
  }

  #set(token: string | undefined): void {
    if (token === this.#token) return;
    const acted = this.acting;
    this.#token = token;
    // A lease that was lost and won again at once had an end all the same.
    if (acted) this.#options.listener(undefined);
    if (token === undefined) return;
    this.#newestTerm = Number(token);
    this.#isNewestOwn = true;
    this.#options.listener(Number(token));
  }
}
