/** One connection to one server: opened, used until it is lost for whatever reason, never mended. */
import type { Socket } from 'node:net';
import { AbstractConnector, Redis } from 'ioredis';
import { reasonOf, TableAwayError, TableRefusedError, toTableError } from './redis-errors.ts';
import { type RedisCredentials, type RedisTls, type ServerAddress, showAddress } from './redis-target.ts';
import { openSocket } from './server-socket.ts';

export type CommandArgument = string | number | Buffer;

export interface ConnectionOptions {
  readonly address: ServerAddress;
  readonly tls: RedisTls | undefined;
  readonly credentials: RedisCredentials | undefined;
  readonly db: number;
  /** How it is called in the server's list of clients. */
  readonly name: string;
  /** For each step of opening it. */
  readonly timeoutMs: number;
}

interface Pending {
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class RedisConnection {
  readonly address: ServerAddress;
  readonly #socket: Socket;
  readonly #redis: Redis;
  readonly #pending = new Set<Pending>();
  #lost: TableAwayError | undefined;
  #onLost: (reason: string) => void = () => {};

  private constructor(address: ServerAddress, socket: Socket) {
    this.address = address;
    this.#socket = socket;
    this.#redis = overSocket(socket);
    this.#redis.on('error', (error) => this.destroy(reasonOf(error)));
    socket.on('error', (error) => this.destroy(reasonOf(error)));
    socket.on('close', () => this.destroy('the server closed the connection'));
  }

  /**
   * Connects, gives the credentials and chooses the database.
   * @throws TableAwayError or TableRefusedError
   */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<RedisConnection> {
    const { address, tls, credentials, db, name, timeoutMs } = options;
    let connection: RedisConnection | undefined;
    const late = new AbortController();
    const onAbort = () => {
      late.abort(signal.reason);
      connection?.destroy(reasonOf(signal.reason));
    };
    signal.addEventListener('abort', onAbort);
    const timer = setTimeout(() => late.abort(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    try {
      signal.throwIfAborted();
      connection = new RedisConnection(address, await openSocket(address, tls, late.signal));
      clearTimeout(timer);
      await connection.#redis.connect();
      // In one go: the server answers in order, and the first refusal is the one that counts.
      const steps: Promise<unknown>[] = [];
      const send = (command: string, ...args: CommandArgument[]) =>
        steps.push(connection?.send(command, args, timeoutMs) as Promise<unknown>);
      if (credentials) {
        send('AUTH', ...(credentials.username ? [credentials.username] : []), credentials.password);
      }
      if (db !== 0) send('SELECT', db);
      const results = await Promise.allSettled([
        ...steps,
        // Who may not name itself stays nameless.
        connection.send('CLIENT', ['SETNAME', name.replace(/[^!-~]/g, '-')], timeoutMs).catch(() => {}),
      ]);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      if (connection.#lost) throw connection.#lost;
      return connection;
    } catch (error) {
      connection?.destroy('it could not be set up');
      throw toTableError(error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Calls back once when the connection is lost, and at once when it is already. */
  onLost(listener: (reason: string) => void): void {
    this.#onLost = listener;
    if (this.#lost) listener(this.#lost.reason);
  }

  /**
   * Sends a command now. No answer in time is a connection lost: nothing later on it could be told apart.
   * @throws TableRefusedError with the server's answer, or TableAwayError
   */
  send(command: string, args: readonly CommandArgument[], timeoutMs: number): Promise<unknown> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // Where our own process did not run, the answer may be waiting to be read: that comes first.
        setImmediate(() => {
          if (this.#pending.has(pending)) this.destroy(`no answer to ${command} within ${timeoutMs} ms`);
        });
      }, timeoutMs);
      const pending = { reject, timer };
      this.#pending.add(pending);
      // In upper case the library hands replies over as they are, without reshaping those it knows.
      this.#redis.call(command.toUpperCase(), args as CommandArgument[]).then(
        (reply) => {
          if (this.#settle(pending)) resolve(reply);
        },
        (error) => {
          const refused = toTableError(error);
          if (refused instanceof TableRefusedError) {
            if (this.#settle(pending)) reject(refused);
            if (refused.isOfConnection) this.destroy(refused.message);
          } else {
            this.destroy(reasonOf(error));
          }
        },
      );
    });
  }

  /** Closes the socket and rejects all that is under way. */
  destroy(reason: string): void {
    if (this.#lost) return;
    const lost = new TableAwayError(`${showAddress(this.address)}: ${reason}`);
    this.#lost = lost;
    this.#socket.destroy();
    // The listener first: who is rejected and tries again must find that there is no connection.
    this.#onLost(lost.reason);
    for (const { reject, timer } of this.#pending) {
      clearTimeout(timer);
      reject(lost);
    }
    this.#pending.clear();
  }

  #settle(pending: Pending): boolean {
    clearTimeout(pending.timer);
    return this.#pending.delete(pending);
  }
}

/**
 * The library as reader and writer of the protocol on our socket, with all that it would do by itself turned
 * off. RESP2, because its replies are arrays, strings and numbers, with nothing pushed in between.
 */
function overSocket(socket: Socket): Redis {
  class OurSocket extends AbstractConnector {
    override connect(): Promise<Socket> {
      return Promise.resolve(socket);
    }
    override disconnect(): void {
      socket.destroy();
    }
  }
  return new Redis({
    Connector: OurSocket as unknown as new (options: unknown) => AbstractConnector,
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    disableClientInfo: true,
  });
}
