/**
 * Asks a server that speaks HTTP how it is, over a connection of its own that is kept. With node:http, as the requests' own
 * client does not show its connections, and by that of the probe one is known to die.
 */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { HttpTarget } from './endpoint.ts';

/** ready: takes requests. not_ready: it runs, and takes none. unreachable: no connection, or it broke. */
export type Health = 'ready' | 'not_ready' | 'unreachable';

export interface HttpProbeOptions {
  readonly target: HttpTarget;
  readonly onHealth: (health: Health, reason: string) => void;
  /** The connection ended while nothing was asked: a server that dies is known by that at once. */
  readonly onHangUp?: () => void;
}

/**
 * Asked in this order, until one of them is known there. Where none is, that the server answers at all has to do: a process
 * that is frozen still accepts connections, and answers nothing.
 */
const PATHS = ['/v2/health/ready', '/v2/health/live', '/'] as const;
const LAST = PATHS.length - 1;

export class HttpProbe {
  readonly #options: HttpProbeOptions;
  readonly #agent: Agent;
  #path = 0;
  #asked: ClientRequest | undefined;
  #kept: Socket | undefined;

  constructor(options: HttpProbeOptions) {
    this.#options = options;
    const kept = { maxSockets: 1, keepAlive: true };
    this.#agent = options.target.protocol === 'https:' ? new SecureAgent(kept) : new Agent(kept);
  }

  get asking(): boolean {
    return this.#asked !== undefined;
  }

  /** Asks, unless it waits for an answer already. */
  ask(): void {
    if (this.#asked) return;
    const { protocol, host, port, authority } = this.#options.target;
    const path = PATHS[this.#path] as string;
    const asked = request({
      ...{ protocol, host, port, path },
      agent: this.#agent,
      headers: ['host', authority],
    });
    this.#asked = asked;
    let reason = 'the server closed the connection';
    asked.on('response', (response) => {
      response.on('error', (error) => {
        reason = error.message;
      });
      response.on('end', () => this.#onAnswer(asked, response));
      response.on('close', () => this.#onLost(asked, reason));
      response.resume();
    });
    asked.on('error', (error) => {
      reason = error.message;
      this.#onLost(asked, reason);
    });
    asked.end();
  }

  /** Waits no longer for an answer. */
  abandon(): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.destroy();
  }

  close(): void {
    this.#kept = undefined;
    this.abandon();
    this.#agent.destroy();
  }

  #onAnswer(asked: ClientRequest, response: IncomingMessage): void {
    if (this.#asked !== asked || !response.complete) return;
    this.#asked = undefined;
    if (asked.shouldKeepAlive && asked.socket) this.#keep(asked.socket);
    const status = response.statusCode ?? 0;
    if (this.#path < LAST && (status === 404 || status === 405 || status === 501)) {
      this.#path++;
      this.ask();
      return;
    }
    const isReady = this.#path < LAST ? status === 200 : status < 500;
    this.#options.onHealth(isReady ? 'ready' : 'not_ready', `${PATHS[this.#path]} answers ${status}`);
  }

  #onLost(asked: ClientRequest, reason: string): void {
    if (this.#asked !== asked) return;
    this.abandon();
    // The server may have closed the connection, which was idle, just when it was asked.
    if (asked.reusedSocket) {
      this.ask();
      return;
    }
    // Another server may come to stand there.
    this.#path = 0;
    this.#options.onHealth('unreachable', reason);
  }

  #keep(socket: Socket): void {
    if (this.#kept === socket) return;
    this.#kept = socket;
    socket.once('close', () => {
      if (this.#kept !== socket) return;
      this.#kept = undefined;
      if (!this.#asked) this.#options.onHangUp?.();
    });
  }
}
