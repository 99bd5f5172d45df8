/** Redis for as long as we want it: connected, lost, found again, and never a command kept for later. */
import { MasterSearch } from './master-search.ts';
import type { CommandArgument, RedisConnection } from './redis-connection.ts';
import { reasonOf, TableAwayError, TableRefusedError } from './redis-errors.ts';
import type { RedisScript } from './redis-script.ts';
import type { RedisTarget } from './redis-target.ts';

/** An answer that takes longer means that the table is away. */
export const ANSWER_TIMEOUT_MS = 1_000;
const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 500;
/** How often Sentinels are asked whether the master still is the master. */
const SUCCESSION_CHECK_MS = 2_000;
/** Of no consequence but with a cluster. */
const DEFAULT_HOME_KEY = '{turntable}';

export interface RedisClientOptions {
  readonly target: RedisTarget;
  /** How we are called in the server's list of clients. */
  readonly name: string;
  /** An answer that takes longer means that the server does not run. */
  readonly timeoutMs: number;
  /** Any key of ours; with a cluster all must be in its slot. */
  readonly homeKey?: string;
  onUp(): void;
  /** Once after each `onUp`, unless closed. Commands under way are rejected after it. */
  onDown(reason: string): void;
  /** While down: why it does not come up, told again when the reason is another. */
  onFailure?(reason: string): void;
}

export class RedisClient {
  readonly #options: RedisClientOptions;
  readonly #search: MasterSearch;
  readonly #closed = new AbortController();
  #connection: RedisConnection | undefined;
  /** One for all that is rejected while down: a thousand rejections cost no more than one. */
  #away = new TableAwayError('not connected yet');
  #lastError: string | undefined;
  #retryMs = RETRY_MIN_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  #successionTimer: NodeJS.Timeout | undefined;

  constructor(options: RedisClientOptions) {
    this.#options = options;
    this.#search = new MasterSearch({ homeKey: DEFAULT_HOME_KEY, ...options });
    void this.#connect();
  }

  get up(): boolean {
    return this.#connection !== undefined;
  }

  /** Why the connection was lost or does not come up; undefined once it is up. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /**
   * Runs a script, by its hash where the server knows it.
   * @throws TableAwayError or TableRefusedError
   */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly CommandArgument[],
    timeoutMs?: number,
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await this.call('EVALSHA', [script.sha1, ...rest], timeoutMs);
    } catch (error) {
      if (!(error instanceof TableRefusedError && error.reply === 'NOSCRIPT')) throw error;
      return this.call('EVAL', [script.source, ...rest], timeoutMs);
    }
  }

  /**
   * Sends a command, now or never. Strings of the reply are UTF-8.
   * @param timeoutMs more than the command itself may wait, where it does
   * @throws TableAwayError or TableRefusedError
   */
  call(command: string, args: readonly CommandArgument[], timeoutMs?: number): Promise<unknown> {
    if (!this.#connection) return Promise.reject(this.#away);
    return this.#connection.send(command, args, timeoutMs ?? this.#options.timeoutMs);
  }

  /** Rejects what is under way and calls nobody back any more. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#successionTimer);
    this.#away = new TableAwayError('closed');
    const connection = this.#connection;
    this.#connection = undefined;
    this.#closed.abort(new Error('closed'));
    connection?.destroy('closed');
  }

  async #connect(): Promise<void> {
    let connection: RedisConnection;
    try {
      connection = await this.#search.connect(this.#closed.signal);
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      this.#failed(reasonOf(error));
      this.#retry();
      return;
    }
    if (this.#closed.signal.aborted) {
      connection.destroy('closed');
      return;
    }
    this.#connection = connection;
    this.#lastError = undefined;
    this.#options.onUp();
    const upSince = performance.now();
    this.#watchSuccession(connection);
    connection.onLost((reason) => {
      if (this.#connection !== connection) return;
      clearTimeout(this.#successionTimer);
      this.#connection = undefined;
      this.#lastError = reason;
      this.#away = new TableAwayError(reason);
      // A server that takes connections only to drop them is not to be hammered.
      if (performance.now() - upSince > RETRY_MAX_MS) this.#retryMs = RETRY_MIN_MS;
      this.#options.onDown(reason);
      this.#retry();
    });
  }

  /** Without it, we could for seconds be the ones who write to a master that nobody else uses any more. */
  #watchSuccession(connection: RedisConnection): void {
    if (this.#options.target.kind !== 'sentinel' || this.#connection !== connection) return;
    this.#successionTimer = setTimeout(async () => {
      const reason = await this.#search.reasonToLeave(connection.address, this.#closed.signal);
      if (reason) connection.destroy(reason);
      this.#watchSuccession(connection);
    }, jittered(SUCCESSION_CHECK_MS));
  }

  #failed(reason: string): void {
    if (this.#lastError === reason) return;
    this.#lastError = reason;
    this.#away = new TableAwayError(reason);
    this.#options.onFailure?.(reason);
  }

  #retry(): void {
    if (this.#closed.signal.aborted) return;
    this.#retryTimer = setTimeout(() => void this.#connect(), jittered(this.#retryMs));
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
  }
}

/** So that all who lost the same server do not come back at once. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}
