/** The process control table as a thread has it: a view of its own, and changes by calls to the thread that has the table. */
import type { MessagePort } from 'node:worker_threads';
import { PortCalls } from '../../port-calls.ts';
import type {
  ControlTable,
  Heartbeat,
  HeartbeatResult,
  RegisterResult,
  RemoveResult,
  TableChange,
  TableHealth,
  TableView,
  TransitionResult,
} from '../control-table.ts';
import type { HeardStatement, LoadStatement, WorkerLoad } from '../load-statement.ts';
import { LocalView } from '../local-view.ts';
import type { Candidate, Leadership, TermListener } from '../member.ts';
import type { CommandResult, ModelCommand, ModelDescription, ModelRecord } from '../model-record.ts';
import type { WorkerRegistration, WorkerRow, WorkerStatus } from '../worker-row.ts';
import { followTable } from './follow-table.ts';
import type { Look, TableOperations, ThreadOperations } from './operations.ts';
import { StatementPost } from './statement-post.ts';

type CommandHandler = (command: ModelCommand) => Promise<CommandResult>;

export class ThreadControlTable implements ControlTable {
  readonly #calls: PortCalls<TableOperations>;
  readonly #now: () => number;
  readonly #local: LocalView;
  readonly #statements: StatementPost;
  readonly #follow: ReturnType<typeof followTable>;
  /** The table's clock less ours. */
  #clockAheadMs = 0;
  #heardAt = 0;
  #health: TableHealth = { available: false, since: 0, reason: 'it was not heard of yet', outages: 0 };
  #nextCommand = 1;
  #commandHandler: CommandHandler | undefined;
  #term: number | undefined;
  #termListener: TermListener = () => {};

  private constructor(port: MessagePort, now: () => number) {
    this.#now = now;
    const clock = () => now() + this.#clockAheadMs;
    this.#local = new LocalView(clock);
    this.#follow = followTable(this.#local, (look) => this.#onLook(look));
    const operations: ThreadOperations = {
      ...this.#follow,
      settle: () => {},
      carryOut: (command) => this.#carryOut(command),
      term: (term) => {
        this.#term = term;
        this.#termListener(term);
      },
    };
    this.#calls = new PortCalls(port, operations);
    this.#statements = new StatementPost({
      ...{ calls: this.#calls, local: this.#local, clock },
      onNews: this.#follow.news,
    });
  }

  /**
   * The table behind a port that a {@link TableHub} serves, when it has been read.
   * @param now monotonic milliseconds
   */
  static async open(port: MessagePort, now: () => number): Promise<ThreadControlTable> {
    const table = new ThreadControlTable(port, now);
    const { rows, models, news } = await table.#calls.call('open');
    table.#follow.news(news);
    for (const row of rows) table.#follow.row(row.id_worker, row);
    for (const id_model of new Set(models.map((record) => record.id_model))) {
      const records = models.filter((record) => record.id_model === id_model);
      table.#follow.models(id_model, records);
    }
    return table;
  }

  view(): TableView {
    return this.#local.view(this.#health, this.#heardAt);
  }

  worker(id_worker: string): WorkerRow | undefined {
    return this.#local.worker(id_worker);
  }

  subscribe(listener: (change: TableChange) => void): () => void {
    return this.#local.subscribe(listener);
  }

  register(registration: WorkerRegistration): Promise<RegisterResult> {
    return this.#calls.call('register', registration);
  }

  describeModel(description: ModelDescription): Promise<void> {
    return this.#calls.call('describeModel', description);
  }

  transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason?: string,
  ): Promise<TransitionResult> {
    return this.#calls.call('transition', id_worker, from, to, reason);
  }

  heartbeat(beat: Heartbeat): Promise<HeartbeatResult> {
    return this.#calls.call('heartbeat', beat);
  }

  remove(id_worker: string): Promise<RemoveResult> {
    return this.#calls.call('remove', id_worker);
  }

  state(statement: LoadStatement): Promise<void> {
    return this.#statements.say(statement);
  }

  retract(id_gateway: string): Promise<void> {
    return this.#statements.withdraw(id_gateway);
  }

  statementsOf(id_worker: string): readonly WorkerLoad[] {
    return this.#local.statementsOf(id_worker);
  }

  heard(): Iterable<HeardStatement> {
    return this.#local.heard();
  }

  loadOfOthers(id_worker: string, id_gateway: string): number {
    return this.#local.statements.ofOthers(id_worker, id_gateway);
  }

  get liveGateways(): number {
    return this.#local.liveGateways;
  }

  putModel(record: ModelRecord): Promise<void> {
    return this.#calls.call('putModel', record);
  }

  removeModel(id_model: string, version: string): Promise<void> {
    return this.#calls.call('removeModel', id_model, version);
  }

  async command(command: Omit<ModelCommand, 'id'>, signal: AbortSignal): Promise<CommandResult> {
    const key = this.#nextCommand++;
    const abandon = () => this.#calls.tell('abandon', key);
    const result = this.#calls.call('command', key, command);
    if (signal.aborted) abandon();
    else signal.addEventListener('abort', abandon, { once: true });
    return result.finally(() => signal.removeEventListener('abort', abandon));
  }

  serveCommands(handler: CommandHandler): () => void {
    this.#commandHandler = handler;
    this.#calls.tell('serveCommands', true);
    return () => {
      if (this.#commandHandler !== handler) return;
      this.#commandHandler = undefined;
      this.#calls.tell('serveCommands', false);
    };
  }

  async campaign(candidate: Candidate, listener: TermListener): Promise<Leadership> {
    this.#termListener = listener;
    await this.#calls.call('campaign', candidate);
    const isActing = () => this.#term !== undefined;
    return {
      get acting() {
        return isActing();
      },
      resign: () => this.#calls.call('resign'),
    };
  }

  async close(): Promise<void> {
    this.#local.close();
    this.#calls.close();
  }

  #onLook({ now, heard_at, health }: Look): void {
    this.#clockAheadMs = now - this.#now();
    this.#heardAt = heard_at;
    this.#health = health;
  }

  async #carryOut(command: ModelCommand): Promise<CommandResult> {
    const { id } = command;
    if (this.#commandHandler) return this.#commandHandler(command);
    return { id, outcome: 'unavailable', message: 'no controller is running' };
  }
}
