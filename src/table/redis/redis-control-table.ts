/** The process control table on Redis: many processes, one truth, and each with a view of its own that outlives it. */
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
import { ChangeFeed } from './change-feed.ts';
import { type CommandHandler, CommandPost } from './command-post.ts';
import { Election } from './election.ts';
import { FeedFollower } from './feed-follower.ts';
import { ANSWER_TIMEOUT_MS, RedisClient } from './redis-client.ts';
import type { RedisTarget } from './redis-target.ts';
import { RedisWorkerTable } from './redis-worker-table.ts';
import { StatementExchange, type TableNumbers } from './statement-exchange.ts';
import { TableClock } from './table-clock.ts';
import { TableKeys } from './table-keys.ts';
import { TableOutages } from './table-outages.ts';

export interface RedisControlTableOptions {
  readonly target: RedisTarget;
  /** Tells tables apart that share a server. */
  readonly prefix: string;
  /** How this process is called in the server's list of clients. */
  readonly name: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: {
    warn(fields: object, message: string): void;
    info(fields: object, message: string): void;
  };
}

/** Who has nothing to say hears what others say this often. */
const LISTEN_MS = 100;
/** A server that refuses is asked again this often. */
const RECOVER_MS = 250;

export class RedisControlTable implements ControlTable {
  readonly #options: RedisControlTableOptions;
  readonly #keys: TableKeys;
  readonly #clock: TableClock;
  readonly #local: LocalView;
  readonly #client: RedisClient;
  readonly #writer: RedisWorkerTable;
  readonly #feed: ChangeFeed;
  readonly #follower: FeedFollower;
  readonly #exchange: StatementExchange;
  readonly #commands: CommandPost;
  readonly #outages: TableOutages;
  readonly #timer: NodeJS.Timeout;
  #election: Election | undefined;
  #recovering = false;
  #recoverAt = 0;
  #mending = false;
  #closed = false;
  /** The number of the newest change when the table was last heard of. */
  #newestSeq = 0;

  constructor(options: RedisControlTableOptions) {
    const { target, prefix, name, now, log } = options;
    this.#options = options;
    this.#keys = new TableKeys(prefix);
    this.#clock = new TableClock(now);
    this.#local = new LocalView(() => this.#clock.now());
    this.#outages = new TableOutages({ now, tableClock: () => this.#clock.now(), log });
    const homeKey = this.#keys.meta;
    const common = { target, homeKey, timeoutMs: ANSWER_TIMEOUT_MS };
    this.#client = new RedisClient({
      ...common,
      name,
      onUp: () => void this.#recover(),
      onDown: (reason) => this.#onAway(reason),
      onFailure: (reason) => this.#onAway(reason),
    });
    const client = this.#client;
    const keys = this.#keys;
    const local = this.#local;
    this.#feed = new ChangeFeed({ client, keys, local, now, onNotice: (notice) => this.#onNotice(notice) });
    this.#follower = new FeedFollower({
      ...{ ...common, name, keys, log },
      feed: this.#feed,
      isAvailable: () => this.#outages.available,
    });
    this.#exchange = new StatementExchange({
      ...{ client, keys, local, now, clock: this.#clock },
      onAnswer: (numbers) => this.#onAnswer(numbers),
      onFailure: (error) => this.#onAway(error.message),
    });
    this.#writer = new RedisWorkerTable({
      client,
      keys,
      onChanged: async (seq) => {
        if (this.#feed.seq < seq) await this.#feed.catchUp();
      },
      candidate: () => this.#election,
    });
    this.#commands = new CommandPost({
      ...{ client, keys, now },
      token: () => this.#election?.token,
      settled: async () => this.#election?.settled(),
    });
    this.#timer = setInterval(() => this.#tick(), LISTEN_MS);
  }

  /**
   * Resolves when the table has been read.
   * @throws TableAwayError with the reason, when that takes too long
   */
  async ready(timeoutMs: number): Promise<void> {
    await this.#outages.firstAvailable(timeoutMs);
  }

  view(): TableView {
    return this.#local.view(this.#health, this.#clock.heardAt);
  }

  worker(id_worker: string): WorkerRow | undefined {
    return this.#local.worker(id_worker);
  }

  subscribe(listener: (change: TableChange) => void): () => void {
    return this.#local.subscribe(listener);
  }

  register(registration: WorkerRegistration): Promise<RegisterResult> {
    return this.#writer.register(registration);
  }

  describeModel(description: ModelDescription): Promise<void> {
    return this.#writer.describeModel(description);
  }

  transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason?: string,
  ): Promise<TransitionResult> {
    return this.#writer.transition(id_worker, from, to, reason);
  }

  async heartbeat(beat: Heartbeat): Promise<HeartbeatResult> {
    const result = await this.#writer.heartbeat(beat);
    await this.refresh();
    return result;
  }

  remove(id_worker: string): Promise<RemoveResult> {
    return this.#writer.remove(id_worker);
  }

  async state(statement: LoadStatement): Promise<void> {
    if (this.#outages.available) await this.#exchange.say(statement);
    else this.#exchange.keep(statement);
  }

  retract(id_gateway: string): Promise<void> {
    return this.#exchange.withdraw(id_gateway);
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
    return this.#writer.putModel(record);
  }

  removeModel(id_model: string, version: string): Promise<void> {
    return this.#writer.removeModel(id_model, version);
  }

  command(command: Omit<ModelCommand, 'id'>, signal: AbortSignal): Promise<CommandResult> {
    return this.#commands.send(command, signal);
  }

  serveCommands(handler: CommandHandler): () => void {
    return this.#commands.serve(handler);
  }

  async campaign(candidate: Candidate, listener: TermListener): Promise<Leadership> {
    const election = new Election({
      ...{ client: this.#client, keys: this.#keys, candidate, listener },
      isAvailable: () => this.#outages.available,
    });
    this.#election = election;
    await election.begin();
    return election;
  }

  /** Says now what waits to be said, and takes in what others have said and changed. */
  async refresh(): Promise<void> {
    await this.#exchange.flush();
    await this.#exchange.listen();
    if (this.#feed.seq < this.#newestSeq) await this.#feed.catchUp();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#election?.resign();
    this.#exchange.close();
    this.#local.close();
    this.#follower.close();
    this.#client.close();
    this.#outages.close();
  }

  get #health(): TableHealth {
    return this.#outages.health;
  }

  /** Makes the view current, after which the table counts as available. */
  async #recover(): Promise<void> {
    if (this.#recovering || this.#closed) return;
    this.#recovering = true;
    try {
      await this.#feed.resume();
      // It includes a write, if a small one: a table that only answers is of no use.
      if (await this.#exchange.readAll()) {
        this.#outages.back();
        this.#election?.ask();
        this.#local.emit({ kind: 'load' });
      }
    } catch (error) {
      this.#onAway((error as Error).message);
    } finally {
      this.#recovering = false;
      this.#recoverAt = this.#options.now() + RECOVER_MS;
    }
  }

  #onAway(reason: string): void {
    if (this.#closed) return;
    this.#outages.away(reason);
    this.#election?.onAway();
  }

  #onAnswer({ epoch, seq, lastId, beganAt, jumped }: TableNumbers): void {
    if (jumped) this.#outages.clockJumped();
    const behind = this.#feed.seq < this.#newestSeq;
    this.#newestSeq = seq;
    if (this.#mending) return;
    if (this.#feed.isOfAnother(epoch, seq, lastId, beganAt)) {
      this.#mend(this.#feed.reread().then(() => this.#exchange.readAll()));
    } else if (behind) {
      // The feed has had since the last exchange to bring them.
      this.#mend(this.#feed.catchUp());
    }
  }

  #mend(work: Promise<unknown>): void {
    this.#mending = true;
    void work
      .catch((error: Error) => this.#onAway(error.message))
      .finally(() => {
        this.#mending = false;
      });
  }

  #onNotice(notice: ReadonlyMap<string, string>): void {
    if (notice.get('kind') === 'lease') {
      this.#election?.onLease(notice.get('id_controller') ?? '', notice.get('token') ?? '');
    }
    this.#commands.onNotice(notice);
  }

  #tick(): void {
    const now = this.#options.now();
    this.#local.tick();
    this.#feed.tick();
    this.#outages.tick();
    this.#commands.tick();
    if (!this.#outages.available) {
      if (this.#client.up && now >= this.#recoverAt) void this.#recover();
    } else if (now - this.#exchange.lastAt >= LISTEN_MS) {
      void this.#exchange.listen();
    }
  }
}
