/** Has threads of this process share a table: each is told of all changes, and makes its own by calls. */
import type { MessagePort } from 'node:worker_threads';
import type { ControlTable, TableChange } from '../control-table.ts';
import { ThreadConnection } from './thread-connection.ts';

/** While loads change, threads hear what others say this often. */
const NEWS_MS = 10;
/** A thread that stated load this recently will do so again, or else is told then. */
const SPEAKS_MS = 2 * NEWS_MS;
/** What changes without a word is looked for this often: signs of life, members, whether the table is away. */
const LOOK_MS = 250;
/** How long a command that was carried out waits for all threads to have heard of what it changed. */
const SETTLE_MS = 2_000;

export class TableHub {
  readonly #table: ControlTable;
  readonly #now: () => number;
  readonly #connections = new Set<ThreadConnection>();
  readonly #unsubscribe: () => void;
  readonly #looks: NodeJS.Timeout;
  #news: NodeJS.Timeout | undefined;
  /** Those that are to be told how the table is with the next news. */
  readonly #lookDue = new Set<ThreadConnection>();
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @param now monotonic milliseconds */
  constructor(table: ControlTable, now: () => number) {
    this.#table = table;
    this.#now = now;
    this.#unsubscribe = table.subscribe((change) => this.#onChange(change));
    this.#looks = setInterval(() => {
      for (const connection of this.#connections) this.#lookDue.add(connection);
      this.#tellSoon();
    }, LOOK_MS);
  }

  /**
   * Serves the thread at the other end. When that closes or ends, what its gateways have said is withdrawn at once
   * (promise CT3).
   */
  connect(port: MessagePort): void {
    const connection = new ThreadConnection({
      table: this.#table,
      port,
      now: this.#now,
      settled: () => this.settled(),
      look: () => this.look(),
      onClose: () => {
        this.#connections.delete(connection);
        this.#lookDue.delete(connection);
      },
    });
    this.#connections.add(connection);
  }

  /** Tells all threads how the table is; resolves when they have heard. */
  async look(): Promise<void> {
    const view = this.#table.view();
    await this.#each((connection) => connection.hear(view));
  }

  /** Resolves when all threads have heard of all that has changed until now, those that take too long left out. */
  async settled(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SETTLE_MS);
    });
    await Promise.race([this.#each((connection) => connection.settled()), enough]);
    clearTimeout(timer);
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#looks);
    clearTimeout(this.#news);
    for (const connection of this.#connections) connection.close();
  }

  async #each(act: (connection: ThreadConnection) => Promise<void>): Promise<void> {
    await Promise.all(Array.from(this.#connections, act));
  }

  #onChange(change: TableChange): void {
    switch (change.kind) {
      case 'worker': {
        const row = this.#table.worker(change.id_worker);
        for (const connection of this.#connections) connection.tellRow(change.id_worker, row);
        return;
      }
      case 'model': {
        const { id_model } = change;
        const records = this.#table.view().models.filter((record) => record.id_model === id_model);
        for (const connection of this.#connections) connection.tellModels(id_model, records);
        return;
      }
      case 'load':
        this.#tellSoon();
        return;
      case 'restored':
        for (const connection of this.#connections) connection.tellRestored();
        return;
    }
  }

  #tellSoon(): void {
    this.#news ??= setTimeout(() => this.#tellNews(), Math.max(0, this.#toldAt + NEWS_MS - this.#now()));
  }

  #tellNews(): void {
    this.#news = undefined;
    this.#toldAt = this.#now();
    const view = this.#lookDue.size > 0 ? this.#table.view() : undefined;
    let missed = false;
    for (const connection of this.#connections) {
      // One that is stuck is not waited for with more and more that it is to hear, but told all in one when it is not.
      const isLater =
        connection.hearing || (connection.silentMs < SPEAKS_MS && !this.#lookDue.has(connection));
      if (isLater) missed = true;
      else void connection.hear(this.#lookDue.delete(connection) ? view : undefined);
    }
    if (missed) this.#tellSoon();
  }
}
