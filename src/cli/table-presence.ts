/** A worker's presence in the process control table itself: writes what it is, and acts on what it finds written. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeartbeatResult, WorkerTable } from '../table/control-table.ts';
import { TurntableError } from '../turntable-error.ts';
import type { WorkerIntroduction, WorkerPresence } from '../worker/presence.ts';

export interface TablePresenceOptions {
  readonly table: WorkerTable;
  /** Whether a controller keeps this worker. */
  readonly supervised: boolean;
  readonly revision: string;
  readonly log: {
    warn(fields: object, message: string): void;
    info(fields: object, message: string): void;
  };
  /** Somebody retires this worker: it is to drain and go. Called once. */
  readonly onRetired: () => void;
  /** Somebody removed its row: it is to end, and whoever restarts it brings a new one. Called once. */
  readonly onRemoved: () => void;
  /** Its model does not load. */
  readonly onFailed?: (reason: string) => Promise<void>;
  /** Waits, or rejects when the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1_000;
/** What leaving may wait for a table that is away. */
const LEAVE_MS = 1_000;

export class TablePresence implements WorkerPresence {
  readonly #options: TablePresenceOptions;
  readonly #wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Aborted when the worker begins to leave: nothing is to bring it back into traffic from then on. */
  readonly #leaving = new AbortController();
  #introduction: WorkerIntroduction | undefined;
  #saidReady = false;
  #toldToGo = false;
  /** Whether the table did not take what was last written. */
  #lost = false;
  #beating = false;
  /** One change at a time, in order: a late one must not undo what came after it. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: TablePresenceOptions) {
    this.#options = options;
    this.#wait = options.wait ?? ((ms, signal) => sleep(ms, undefined, { signal }));
  }

  /** Resolves when it is registered, or leaves before it could be. */
  register(introduction: WorkerIntroduction): Promise<void> {
    this.#introduction = introduction;
    return this.#insist(() => this.#enter(introduction), this.#leaving.signal);
  }

  ready(): Promise<void> {
    this.#saidReady = true;
    return this.#insist(() => this.#activate(), this.#leaving.signal);
  }

  /** One that finds the last one still under way is left out, and so is one that the table does not take. */
  async heartbeat({ rss_bytes }: { readonly rss_bytes: number }): Promise<void> {
    const introduction = this.#introduction;
    if (!introduction || this.#beating) return;
    this.#beating = true;
    try {
      await this.#try(async () => {
        const { id_worker } = introduction;
        await this.#actOn(await this.#options.table.heartbeat({ id_worker, rss_bytes }), introduction);
      });
    } finally {
      this.#beating = false;
    }
  }

  draining(): Promise<void> {
    this.#leaving.abort();
    return this.#leave(() => this.#retire('drains'));
  }

  gone(): Promise<void> {
    this.#leaving.abort();
    return this.#leave(async () => {
      const { table } = this.#options;
      const { id_worker } = this.#introduction as WorkerIntroduction;
      if ((await table.remove(id_worker)) !== 'illegal') return;
      // The table was away, or has been lost and found, when it began to drain.
      await this.#retire('gone');
      await table.remove(id_worker);
    });
  }

  async failed(reason: string): Promise<void> {
    await this.#options.onFailed?.(reason);
  }

  async #actOn(found: HeartbeatResult, introduction: WorkerIntroduction): Promise<void> {
    const leaves = this.#leaving.signal.aborted;
    switch (found) {
      case 'ACTIVE':
        // A watchdog that heard it again has brought it back, or a failover lost that it drains.
        if (leaves) await this.#retire('drains');
        return;
      case 'INACTIVE':
        // A failover lost that it is ready.
        if (!leaves && this.#saidReady) await this.#activate();
        return;
      case 'UPDATING':
        if (!leaves) this.#tellToGo(this.#options.onRetired);
        return;
      case 'removed':
        if (!leaves) this.#tellToGo(this.#options.onRemoved);
        return;
      case 'unknown':
        if (leaves) return;
        this.#options.log.info({}, 'the control table was lost: this worker registers again');
        await this.#enter(introduction);
        if (this.#saidReady) await this.#activate();
        return;
      case 'ERROR':
        return;
    }
  }

  /** Described first: who sees the row can look up what it serves. */
  async #enter(introduction: WorkerIntroduction): Promise<void> {
    const { table, supervised, revision } = this.#options;
    const { id_worker, id_model, version, endpoint, slots, weight, node, pid } = introduction;
    const { signature, max_batch_size, max_queue_delay_us, idempotent, platform } = introduction;
    const looks = { platform, max_batch_size, max_queue_delay_us, idempotent, signature };
    await table.describeModel({ id_model, version, ...looks });
    if (this.#leaving.signal.aborted) return;
    // An id in use is our own, from an attempt whose answer was lost.
    const place = { endpoint, slots, weight, node, pid, supervised, revision };
    await table.register({ id_worker, id_model, version, ...place });
  }

  async #activate(): Promise<void> {
    const { id_worker } = this.#introduction as WorkerIntroduction;
    if (this.#leaving.signal.aborted) return;
    await this.#options.table.transition(id_worker, 'INACTIVE', 'ACTIVE');
  }

  async #retire(reason: string): Promise<void> {
    const { id_worker } = this.#introduction as WorkerIntroduction;
    await this.#options.table.transition(id_worker, 'ACTIVE', 'UPDATING', reason);
  }

  #tellToGo(tell: () => void): void {
    if (this.#toldToGo) return;
    this.#toldToGo = true;
    tell();
  }

  /** For as long as the table is away the worker must not be kept from going. */
  async #leave(change: () => Promise<void>): Promise<void> {
    if (!this.#introduction) return;
    const enough = new AbortController();
    const limit = this.#wait(LEAVE_MS, enough.signal).catch(() => {});
    await Promise.race([this.#insist(change, enough.signal), limit]);
    enough.abort();
  }

  /** Tries until the table takes it or the signal is aborted. */
  async #insist(change: () => Promise<void>, signal: AbortSignal): Promise<void> {
    let retryMs = RETRY_MIN_MS;
    while (!signal.aborted && !(await this.#try(change))) {
      await this.#wait(retryMs, signal).catch(() => {});
      retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
    }
  }

  /** Whether the table took it; says once when it does not, and once when it does again. */
  #try(change: () => Promise<void>): Promise<boolean> {
    const attempt = this.#changes.then(async () => {
      try {
        await change();
      } catch (error) {
        if (!isOfTable(error)) throw error;
        if (!this.#lost) {
          this.#lost = true;
          const { message: reason } = error;
          this.#options.log.warn({ reason }, 'the control table does not take what this worker says');
        }
        return false;
      }
      if (this.#lost) {
        this.#lost = false;
        this.#options.log.info({}, 'the control table takes what this worker says again');
      }
      return true;
    });
    this.#changes = attempt.catch(() => {});
    return attempt;
  }
}

function isOfTable(error: unknown): error is TurntableError {
  return error instanceof TurntableError && (error.code === 'TABLE_AWAY' || error.code === 'TABLE_REFUSED');
}
