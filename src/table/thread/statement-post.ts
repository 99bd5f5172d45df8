/** A thread's own statements of load on their way to the table: one at a time, and only what has changed. */
import type { PortCalls } from '../../port-calls.ts';
import type { LoadStatement, WorkerLoad } from '../load-statement.ts';
import type { LocalView } from '../local-view.ts';
import { takeStatement } from './follow-table.ts';
import type { News, StatementChange, TableOperations } from './operations.ts';
import { takeChange } from './statement-change.ts';

export interface StatementPostOptions {
  readonly calls: PortCalls<TableOperations>;
  readonly local: LocalView;
  /** Takes what others say, which the table answers with. */
  readonly onNews: (news: News) => void;
  /** The table's clock. */
  readonly clock: () => number;
}

export class StatementPost {
  readonly #options: StatementPostOptions;
  /** The newest of each gateway that the table has not been sent. */
  readonly #waiting = new Map<string, LoadStatement>();
  /** What it was sent. */
  readonly #known = new Map<string, Map<string, WorkerLoad>>();
  #running: Promise<void> | undefined;

  constructor(options: StatementPostOptions) {
    this.#options = options;
  }

  /** Resolves when this or a later statement of the gateway was taken. */
  say(statement: LoadStatement): Promise<void> {
    this.#waiting.set(statement.id_gateway, statement);
    this.#running ??= this.#sayWaiting().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async withdraw(id_gateway: string): Promise<void> {
    const { calls, local } = this.#options;
    this.#waiting.delete(id_gateway);
    await this.#running?.catch(() => {});
    this.#known.delete(id_gateway);
    local.statements.remove(id_gateway);
    local.emit({ kind: 'load' });
    await calls.call('retract', id_gateway);
  }

  async #sayWaiting(): Promise<void> {
    for (;;) {
      const [next] = this.#waiting.values();
      if (!next) return;
      this.#waiting.delete(next.id_gateway);
      try {
        await this.#say(next);
      } catch (error) {
        // Whether it was taken is not known: all is said again.
        this.#known.delete(next.id_gateway);
        throw error;
      }
    }
  }

  /** Also where nothing has changed: it is the gateway's sign of life. */
  async #say({ id_gateway, node, pid, address, loads }: LoadStatement): Promise<void> {
    const { calls, local, clock, onNews } = this.#options;
    let known = this.#known.get(id_gateway);
    const isFirst = known === undefined;
    if (!known) {
      known = new Map();
      this.#known.set(id_gateway, known);
    }
    const { loads: changed, isAll } = takeChange(known, loads) ?? { loads: [], isAll: false };
    const gateway = { id_gateway, node, pid, address, last_activity: clock() };
    const change: StatementChange = { gateway, loads: changed, isAll: isAll || isFirst };
    const id_workers = new Set<string>();
    // Of its own requests the thread need not hear from the table.
    takeStatement(local, change, id_workers);
    local.emit({ kind: 'load', id_workers });
    const news = await calls.call('state', change);
    if (news) onNews(news);
  }
}
