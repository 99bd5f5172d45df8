/** Waits at the server for changes, on a connection of its own, and has the feed take them as they come. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ChangeFeed, StreamEntry } from './change-feed.ts';
import { RedisClient, type RedisClientOptions } from './redis-client.ts';
import { TableRefusedError } from './redis-errors.ts';
import type { TableKeys } from './table-keys.ts';

export interface FeedFollowerOptions extends Pick<RedisClientOptions, 'target' | 'homeKey' | 'timeoutMs'> {
  /** Of the table, in the server's list of clients. */
  readonly name: string;
  readonly keys: TableKeys;
  readonly feed: ChangeFeed;
  /** Whether the table is, as the exchanges with it say. */
  readonly isAvailable: () => boolean;
  readonly log: { warn(fields: object, message: string): void };
}

/** How long a read waits at the server for something new. */
const WAIT_MS = 1_000;
const RETRY_MS = 250;
/** Refused so often in a row, while all else is taken, it is refused for good. */
const TELLING_REFUSALS = 3;

/** While it cannot be followed the exchanges show in time that changes are missing. */
export class FeedFollower {
  readonly #options: FeedFollowerOptions;
  readonly #client: RedisClient;
  readonly #closed = new AbortController();
  #following = false;

  constructor(options: FeedFollowerOptions) {
    this.#options = options;
    this.#client = new RedisClient({
      ...options,
      name: `${options.name}-feed`,
      onUp: () => void this.#follow(),
      onDown: () => {},
    });
  }

  close(): void {
    this.#closed.abort();
    this.#client.close();
  }

  /** Reads the feed as it grows, until the connection is lost. */
  async #follow(): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    let refusals = 0;
    while (this.#client.up) {
      try {
        await this.#read();
        refusals = 0;
      } catch (error) {
        await pause(RETRY_MS, undefined, { signal: this.#closed.signal }).catch(() => {});
        const { isAvailable, log } = this.#options;
        if (!(error instanceof TableRefusedError) || !isAvailable()) continue;
        if (++refusals === TELLING_REFUSALS)
          log.warn({ err: error }, 'the feed of changes cannot be followed');
      }
    }
    this.#following = false;
  }

  async #read(): Promise<void> {
    const { keys, feed, timeoutMs } = this.#options;
    const args = ['BLOCK', WAIT_MS, 'COUNT', 1_000, 'STREAMS', keys.changes, feed.lastId];
    const reply = await this.#client.call('XREAD', args, WAIT_MS + timeoutMs);
    const [stream] = (reply ?? []) as [string, StreamEntry[]][];
    if (stream) await feed.take(stream[1]);
  }
}
