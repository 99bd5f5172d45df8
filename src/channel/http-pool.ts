/** The connections to one server that speaks HTTP: one for each request under way, kept for the next. */
import { createRequire } from 'node:module';
import type { Client } from 'undici';
import type { HttpTarget } from './endpoint.ts';

/**
 * A connection that has been idle for longer is not used again: the server may be about to close it. The shortest
 * such limit in wide use is two seconds (gunicorn); where a server says a shorter one, that is heeded, less a second.
 */
const MAX_IDLE_MS = 1_500;
const IDLE_MARGIN_MS = 1_000;
/** Silence ends a request long before, where the server was ever reached. */
const CONNECT_TIMEOUT_MS = 3_000;

const load = createRequire(import.meta.url);

/**
 * As many connections as there are requests under way, which the worker's slots bound. undici's own pool would open twice
 * as many, as it leaves one alone for a turn of the event loop after its answer. The wait itself stays, and a request
 * whose connection the server closes during it takes a new one.
 */
export class HttpPool {
  readonly #connect: () => Client;
  /** Last in, first out, so that the others become idle and close. */
  readonly #idle: Client[] = [];

  constructor({ protocol, host, port }: HttpTarget) {
    // Here and not above: it takes 20 MB, which a gateway whose workers are all on its own channel need not have.
    const undici: typeof import('undici') = load('undici');
    const origin = `${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`;
    const options = {
      // One for all, so that they share what is remembered of TLS.
      connect: undici.buildConnector({ allowH2: false, timeout: CONNECT_TIMEOUT_MS }),
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: MAX_IDLE_MS,
      keepAliveMaxTimeout: MAX_IDLE_MS,
      keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
      // How long an answer may take is known to who sent the request.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#connect = () =>
      new undici.Client(origin, options).on('disconnect', (_, [client]) => this.#forget(client));
  }

  /** For one request; it is to be given back or dropped. */
  take(): Client {
    return this.#idle.pop() ?? this.#connect();
  }

  /** After the whole answer. */
  giveBack(client: Client): void {
    this.#idle.push(client);
  }

  /** What is under way on it ends, and the server sees that. */
  drop(client: Client): void {
    void client.destroy();
  }

  /** Closes those that are idle. */
  close(): void {
    for (const client of this.#idle.splice(0)) this.drop(client);
  }

  /** One that lost its connection while it was idle; one in use connects again by itself. */
  #forget(client: unknown): void {
    const index = this.#idle.indexOf(client as Client);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}
