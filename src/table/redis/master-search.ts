/** Finds the server that takes our writes: the one named, the Sentinels' master, or the owner of our slot. */
import { type ConnectionOptions, RedisConnection } from './redis-connection.ts';
import { reasonOf, TableAwayError, TableRefusedError } from './redis-errors.ts';
import {
  type ClusterTarget,
  type HostPort,
  type RedisTarget,
  type SentinelTarget,
  type ServerAddress,
  showAddress,
} from './redis-target.ts';
import { type SentinelVote, takeVote } from './sentinel-vote.ts';

export interface MasterSearchOptions {
  readonly target: RedisTarget;
  /** Any key of ours: all are in one slot, and its owner is the server. */
  readonly homeKey: string;
  readonly name: string;
  /** For each step of it. */
  readonly timeoutMs: number;
}

/** So many nodes of a cluster are remembered beside those of the URL. */
const MAX_LEARNT_NODES = 16;

/**
 * Asks anew each time, because a search follows a loss, and a loss often is a failover. Of the library's own
 * Sentinel and Cluster clients none is used: those keep connections, timers and retries that outlive a loss,
 * and a slot of ours has one owner, to which one connection is enough.
 */
export class MasterSearch {
  readonly #options: MasterSearchOptions;
  #learntNodes: readonly HostPort[] = [];

  constructor(options: MasterSearchOptions) {
    this.#options = options;
  }

  /**
   * Connects to the server, having seen that it is a master and that our keys are there.
   * @throws TableAwayError
   */
  async connect(signal: AbortSignal): Promise<RedisConnection> {
    const address = await this.#locate(signal);
    return named(address, this.#connectTo(address, signal));
  }

  /**
   * Whether another is the master by now while this one still thinks that it is: Sentinels need ten seconds to
   * tell a master of its demotion that they could not reach meanwhile. A node of a cluster hears it by itself.
   * @returns what is to be told of it, or undefined
   */
  async reasonToLeave(address: ServerAddress, signal: AbortSignal): Promise<string | undefined> {
    const { target } = this.#options;
    if (target.kind !== 'sentinel') return undefined;
    try {
      const { master, isMajority } = await this.#askSentinels(target, signal);
      if (!isMajority || showAddress(master) === showAddress(address)) return undefined;
      return `the Sentinels name ${showAddress(master)} the master`;
    } catch {
      // Who cannot be asked has named nobody else.
      return undefined;
    }
  }

  async #connectTo(address: ServerAddress, signal: AbortSignal): Promise<RedisConnection> {
    const connection = await this.#open({ address }, signal);
    try {
      const [hello, home] = await Promise.allSettled([
        connection.send('HELLO', [2], this.#options.timeoutMs),
        this.#lookHome(connection),
      ]);
      if (hello.status === 'rejected') throw hello.reason;
      const { role, mode } = pairs(hello.value);
      if (mode === 'sentinel') throw new TableAwayError('is a Sentinel: its URL is redis+sentinel://');
      if (role !== 'master') throw new TableAwayError('is a replica, not a master');
      if (home.status === 'rejected') throw this.#explained(home.reason);
      // One that was frozen as we connected answers when it is thawed, and still thinks that it is the master.
      const reason = await this.reasonToLeave(address, signal);
      if (reason) throw new TableAwayError(reason);
      return connection;
    } catch (error) {
      connection.destroy(reasonOf(error));
      throw error;
    }
  }

  async #locate(signal: AbortSignal): Promise<ServerAddress> {
    const { target } = this.#options;
    switch (target.kind) {
      case 'single':
        return target.address;
      case 'sentinel':
        return (await this.#askSentinels(target, signal)).master;
      case 'cluster': {
        const nodes = this.#nodes(target);
        return whileAsking(signal, async (until) => {
          try {
            // All at once: a frozen one among them costs nothing.
            return await Promise.any(nodes.map((node) => named(node, this.#askNode(node, until))));
          } catch (error) {
            throw TableAwayError.ofSeveral((error as AggregateError).errors);
          }
        });
      }
    }
  }

  #askSentinels(target: SentinelTarget, signal: AbortSignal): Promise<SentinelVote> {
    return whileAsking(signal, (until) =>
      takeVote(target.sentinels, (sentinel) => named(sentinel, this.#askSentinel(target, sentinel, until))),
    );
  }

  async #askSentinel(target: SentinelTarget, sentinel: HostPort, signal: AbortSignal): Promise<HostPort> {
    const asked = { address: sentinel, credentials: target.sentinelCredentials, db: 0 };
    const connection = await this.#open(asked, signal);
    try {
      const args = ['GET-MASTER-ADDR-BY-NAME', target.masterName];
      const answer = await connection.send('SENTINEL', args, this.#options.timeoutMs);
      if (!Array.isArray(answer)) throw new Error(`knows no master "${target.masterName}"`);
      return { host: String(answer[0]), port: Number(answer[1]) };
    } finally {
      connection.destroy('has answered');
    }
  }

  /** Any node says by MOVED who owns our slot; that it says nothing so means that it does itself. */
  async #askNode(node: HostPort, signal: AbortSignal): Promise<HostPort> {
    const connection = await this.#open({ address: node }, signal);
    try {
      const [owner, slots] = await Promise.all([
        this.#lookHome(connection).then(
          () => node,
          (error) => movedTo(error, node),
        ),
        // Only for later: who may not ask stays with the nodes of the URL.
        connection.send('CLUSTER', ['SLOTS'], this.#options.timeoutMs).catch(() => []),
      ]);
      const nodes = nodesOf(slots, node);
      if (nodes.length > 0) this.#learntNodes = nodes.slice(0, MAX_LEARNT_NODES);
      return owner;
    } finally {
      connection.destroy('has answered');
    }
  }

  /** Fails while the server loads, has lost its master or its cluster, or does not have our keys. */
  async #lookHome(connection: RedisConnection): Promise<void> {
    try {
      await connection.send('EXISTS', [this.#options.homeKey], this.#options.timeoutMs);
    } catch (error) {
      // What we may do there is not for us to judge: the first real command says it better.
      if (!(error instanceof TableRefusedError && error.reply === 'NOPERM')) throw error;
    }
  }

  #explained(error: unknown): unknown {
    const isMoved = error instanceof TableRefusedError && error.reply === 'MOVED';
    if (!isMoved || this.#options.target.kind === 'cluster') return error;
    return new TableAwayError('is a node of a cluster: its URL is redis+cluster://', { cause: error });
  }

  #nodes(target: ClusterTarget): HostPort[] {
    const all = [...target.nodes, ...this.#learntNodes];
    return [...new Map(all.map((node) => [showAddress(node), node])).values()];
  }

  #open(
    options: { address: ServerAddress } & Partial<ConnectionOptions>,
    signal: AbortSignal,
  ): Promise<RedisConnection> {
    const { target, name, timeoutMs } = this.#options;
    const db = target.kind === 'cluster' ? 0 : target.db;
    return RedisConnection.open(
      { tls: target.tls, credentials: target.credentials, db, name, timeoutMs, ...options },
      signal,
    );
  }
}

/** Takes back what is still being asked when the answer is there. */
async function whileAsking<T>(signal: AbortSignal, ask: (until: AbortSignal) => Promise<T>): Promise<T> {
  const answered = new AbortController();
  try {
    return await ask(AbortSignal.any([signal, answered.signal]));
  } finally {
    answered.abort(new Error('others have answered'));
  }
}

/** With the address in the reason of a failure, so that a reader knows whom to look at. */
async function named<T>(asked: ServerAddress, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const reason = reasonOf(error);
    const address = showAddress(asked);
    throw new TableAwayError(reason.includes(address) ? reason : `${address}: ${reason}`, { cause: error });
  }
}

function movedTo(error: unknown, asked: HostPort): HostPort {
  if (!(error instanceof TableRefusedError && error.reply === 'MOVED')) throw error;
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(error.message) ?? [];
  if (!port) throw error;
  return { host: knownHost(host, asked), port: Number(port) };
}

/** The nodes in an answer to CLUSTER SLOTS: ranges, each with the owner and its replicas. */
function nodesOf(slots: unknown, asked: HostPort): HostPort[] {
  if (!Array.isArray(slots)) return [];
  return slots.flatMap((range: unknown) =>
    Array.isArray(range)
      ? range.slice(2).map(([host, port]) => ({ host: knownHost(host, asked), port: Number(port) }))
      : [],
  );
}

/** A node that does not know its own name is where we reached it. */
function knownHost(host: unknown, asked: HostPort): string {
  return typeof host === 'string' && host !== '' && host !== '?' ? host : asked.host;
}

/** A map in RESP2: names and values in turn. */
function pairs(reply: unknown): { readonly [name: string]: unknown } {
  const items = Array.isArray(reply) ? reply : [];
  return Object.fromEntries(items.flatMap((name, i) => (i % 2 === 0 ? [[String(name), items[i + 1]]] : [])));
}
