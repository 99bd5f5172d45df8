/**
 * The regular exchange with the table: a gateway's absolute numbers go out, what others have said comes in, in one
 * round trip and never more than one at a time, however many requests there are (promise CT8).
 */
import { isSameLoad, type LoadStatement, type WorkerLoad } from '../load-statement.ts';
import type { LocalView } from '../local-view.ts';
import { type GatewayRow, MEMBER_TTL_MS } from '../member.ts';
import type { StreamEntry } from './change-feed.ts';
import type { RedisClient } from './redis-client.ts';
import { newEpoch } from './redis-worker-table.ts';
import { encodeLoads } from './row-codec.ts';
import type { TableClock } from './table-clock.ts';
import type { TableKeys } from './table-keys.ts';
import { SCRIPTS } from './table-scripts.ts';
import { takePulse } from './take-pulse.ts';

export interface StatementExchangeOptions {
  readonly client: RedisClient;
  readonly keys: TableKeys;
  readonly local: LocalView;
  readonly clock: TableClock;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onAnswer: (answer: TableNumbers) => void;
  readonly onFailure: (error: Error) => void;
}

/** What an exchange tells of the table beside the loads. */
export interface TableNumbers {
  readonly epoch: string;
  /** Of the newest change. */
  readonly seq: number;
  readonly lastId: string;
  /** When the exchange began, monotonic milliseconds. */
  readonly beganAt: number;
  /** Whether the table's clock was set since, or is another one. */
  readonly jumped: boolean;
}

/** As the scripts give it; the cursor only to a statement. */
type Answer = readonly [
  clock: number,
  epoch: string,
  seq: number,
  lastId: string,
  entries: readonly StreamEntry[],
  cursor?: string,
];

/** What the table is known to have of a gateway's statement. */
interface Acknowledged {
  readonly loads: Map<string, WorkerLoad>;
  saidAllAt: number;
}

/** A gateway that is alone states its load this often: whoever joins hears it soon enough. */
const ALONE_MS = 50;
/** All is said again this often, also what has not changed: a failover may have lost the newest of it. */
const SAY_ALL_MS = 1_000;

export class StatementExchange {
  readonly #options: StatementExchangeOptions;
  readonly #waiting = new Map<string, LoadStatement>();
  readonly #acknowledged = new Map<string, Acknowledged>();
  #running: Promise<void> | undefined;
  #cursor = '';
  #saidAt = Number.NEGATIVE_INFINITY;
  #later: NodeJS.Timeout | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: StatementExchangeOptions) {
    this.#options = options;
  }

  /** When the last exchange began, monotonic milliseconds. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /**
   * Resolves when this or a later statement of the gateway was taken, or could not be; at once where it can wait, because
   * there is no other gateway to hear it.
   */
  say(statement: LoadStatement): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const { now, local } = this.#options;
    this.#waiting.set(statement.id_gateway, statement);
    const waitMs = this.#saidAt + ALONE_MS - now();
    if (waitMs <= 0 || !local.statements.isAlone(statement.id_gateway)) return this.#run();
    this.keep(statement);
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      void this.#run();
    }, waitMs);
    return Promise.resolve();
  }

  /** Says what waits to be said. */
  flush(): Promise<void> {
    return this.#run();
  }

  /** Takes a statement into the view alone: while the table is away a gateway still knows of its own requests. */
  keep(statement: LoadStatement): void {
    const { local } = this.#options;
    this.#takeOwn(statement, statement.loads, true);
    local.emit({ kind: 'load' });
  }

  async withdraw(id_gateway: string): Promise<void> {
    this.#waiting.delete(id_gateway);
    await this.#running;
    this.#acknowledged.delete(id_gateway);
    this.#options.local.statements.remove(id_gateway);
    await this.#exchange(() => this.#send({ id_gateway, node: '', pid: 0, address: '' }, 'none', ''));
    this.#options.local.emit({ kind: 'load' });
  }

  /** Takes in what others have said; whether the table took part. */
  async listen(): Promise<boolean> {
    await this.#running;
    return this.#exchange(async () => {
      const { client, keys } = this.#options;
      const args = [newEpoch(), this.#cursor];
      return (await client.run(SCRIPTS.readPulse, [keys.meta, keys.pulse], args)) as Answer;
    });
  }

  /** Reads all that is said and has not lapsed, as after a gap. What this process says, it says again. */
  async readAll(): Promise<boolean> {
    const { client, clock, now } = this.#options;
    this.#acknowledged.clear();
    const askedAt = now();
    const [seconds, micros] = (await client.call('TIME', [])) as [string, string];
    this.#observe(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), askedAt);
    // In that time every gateway has said all.
    this.#cursor = `${Math.floor(clock.now()) - 2 * SAY_ALL_MS}-0`;
    return this.listen();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#later);
    this.#waiting.clear();
  }

  #run(): Promise<void> {
    this.#running ??= this.#sayWaiting().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #sayWaiting(): Promise<void> {
    for (;;) {
      const [next] = this.#waiting.values();
      if (!next) return;
      this.#waiting.delete(next.id_gateway);
      this.#saidAt = this.#options.now();
      await this.#exchange(() => this.#say(next));
    }
  }

  /** One round trip, and what comes of it. */
  async #exchange(trip: () => Promise<Answer>): Promise<boolean> {
    const { now, clock, local, onAnswer, onFailure } = this.#options;
    const beganAt = now();
    this.#lastAt = beganAt;
    let answer: Answer;
    try {
      answer = await trip();
    } catch (error) {
      this.#acknowledged.clear();
      if (!this.#closed) onFailure(error as Error);
      return false;
    }
    const [serverMs, epoch, seq, lastId, entries, cursor] = answer;
    const jumped = this.#observe(serverMs, beganAt);
    this.#cursor = cursor ?? entries.at(-1)?.[0] ?? this.#cursor;
    if (entries.length > 0) takePulse(entries, local, clock.now());
    onAnswer({ epoch, seq, lastId, beganAt, jumped });
    return true;
  }

  /** Takes in the table's clock; whether it has jumped, by which nobody has been silent for longer, or less long. */
  #observe(serverMs: number, askedAt: number): boolean {
    const { clock, local } = this.#options;
    if (!clock.observe(serverMs, askedAt)) return false;
    const last_activity = clock.now();
    local.statements.restamp(last_activity);
    for (const [id, row] of local.controllers) local.controllers.set(id, { ...row, last_activity });
    return true;
  }

  async #say(statement: LoadStatement): Promise<Answer> {
    const { now, local } = this.#options;
    const { id_gateway } = statement;
    const known = this.#acknowledged.get(id_gateway);
    const mode = !known || this.#isDue(known, statement) ? 'all' : 'changed';
    const changed =
      mode === 'all'
        ? statement.loads
        : statement.loads.filter((load) => !isSameLoad(known?.loads.get(load.id_worker), load));
    const answer = await this.#send(statement, mode, encodeLoads(changed));
    const next = known ?? { loads: new Map<string, WorkerLoad>(), saidAllAt: 0 };
    if (mode === 'all') {
      next.loads.clear();
      next.saidAllAt = now();
    }
    for (const load of changed) next.loads.set(load.id_worker, load);
    this.#acknowledged.set(id_gateway, next);
    this.#takeOwn(statement, changed, mode === 'all');
    local.emit({ kind: 'load', id_workers: new Set(changed.map(({ id_worker }) => id_worker)) });
    return answer;
  }

  #takeOwn(statement: LoadStatement, loads: readonly WorkerLoad[], isAll: boolean): void {
    const { clock, local } = this.#options;
    const { id_gateway, node, pid, address } = statement;
    local.statements.heard({ id_gateway, node, pid, address, last_activity: clock.now() });
    if (isAll) local.statements.keepOnly(id_gateway, new Set(loads.map(({ id_worker }) => id_worker)));
    for (const load of loads) local.statements.say(id_gateway, load);
  }

  async #send(
    gateway: Omit<GatewayRow, 'last_activity'>,
    mode: 'all' | 'changed' | 'none',
    loads: string,
  ): Promise<Answer> {
    const { client, keys } = this.#options;
    const { id_gateway, node, pid, address } = gateway;
    const answer = await client.run(
      SCRIPTS.stateLoad,
      [keys.meta, keys.pulse, keys.gateways, keys.gateway(id_gateway), keys.load(id_gateway)],
      [newEpoch(), this.#cursor, id_gateway, mode, MEMBER_TTL_MS, node, pid, address, loads],
    );
    return answer as Answer;
  }

  #isDue(known: Acknowledged, statement: LoadStatement): boolean {
    // A worker that is not spoken of any more is only forgotten when all is said.
    if (statement.loads.length < known.loads.size) return true;
    return this.#options.now() - known.saidAllAt >= SAY_ALL_MS;
  }
}
