/** The connections of the gateway's HTTP server, and how they end when it drains. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastFront } from './fast/fast-front.ts';
import type { ListeningSockets } from './listening-sockets.ts';

/** How long an idle connection may still send a request once the server drains, milliseconds. */
const IDLE_GRACE_MS = 1_000;
const SWEEP_MS = 50;
/** A turn of the event loop in which hardly anybody can have connected unseen, milliseconds. */
const SHORT_TURN_MS = 1;

/** Set on a connection: the answer to the last request that came on it. */
const ANSWER = Symbol('answer');

type AnsweringSocket = Socket & { [ANSWER]?: ServerResponse };

export class Connections {
  readonly #server: Server;
  readonly #sockets: ListeningSockets;
  readonly #fast: FastFront;
  readonly #open = new Set<AnsweringSocket>();
  #accepted = 0;
  #stopped: Promise<void> | undefined;
  /** Once none listens any more: of all connections. */
  #ended: Promise<void> | undefined;
  #draining = false;

  constructor(server: Server, sockets: ListeningSockets, fast: FastFront) {
    this.#server = server;
    this.#sockets = sockets;
    this.#fast = fast;
    server.on('connection', (socket: Socket) => {
      this.#accepted++;
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** All that are open. */
  get size(): number {
    return this.#open.size;
  }

  get count(): { readonly fast: number; readonly standard: number } {
    const fast = this.#fast.size;
    return { fast, standard: this.size - fast };
  }

  /** To be told of each request before it is answered. */
  onRequest(req: IncomingMessage, res: ServerResponse): void {
    const socket = req.socket as AnsweringSocket;
    const before = socket[ANSWER];
    socket[ANSWER] = res;
    if (!this.#draining) return;
    res.shouldKeepAlive = false;
    // One that says close ends the connection before those behind it.
    if (before?.headersSent === false) before.shouldKeepAlive = true;
  }

  /**
   * Accepts no new connections; the others go on as they are. Where several share a port, all of them are to have done so
   * before one drains: clients that it tells to connect anew would come to another at just the moment in which that closes.
   */
  stopListening(limitMs: number): Promise<void> {
    this.#stopped ??= this.#stopAccepting(Math.min(IDLE_GRACE_MS, limitMs));
    return this.#stopped;
  }

  /**
   * Accepts no new connections and closes the others, each after its next answer or when it stays idle; what is
   * under way is finished within the limit. Closing idle connections at once would cut off clients that are just
   * sending their next request.
   */
  async drain(limitMs: number): Promise<void> {
    const start = performance.now();
    const graceMs = Math.min(IDLE_GRACE_MS, limitMs);
    // Before any client is told to connect anew, which would be here still.
    await this.stopListening(limitMs);
    this.#draining = true;
    this.#fast.drain();
    for (const { [ANSWER]: answer } of this.#open) {
      // Of several under way the last alone.
      if (answer?.headersSent === false) answer.shouldKeepAlive = false;
    }
    const sweep = setInterval(() => {
      const elapsed = performance.now() - start;
      if (elapsed > limitMs) this.#closeAll();
      else if (elapsed > graceMs) this.#closeIdle();
    }, SWEEP_MS);
    await this.#ended;
    clearInterval(sweep);
    // Ends the timers of both.
    this.#server.close();
    this.#fast.stop();
  }

  async #stopAccepting(graceMs: number): Promise<void> {
    await this.#acceptQueued(performance.now() + graceMs);
    this.#ended = this.#sockets.close();
  }

  /**
   * Lets in what the kernel has connected already: Linux resets that when the server stops listening, with the
   * request that may have come on it. One of each socket is accepted in a turn of the event loop, so many wait on a busy
   * machine; and what comes later in a turn waits for the next, so that the last turn is to be a short one.
   *
   * @param deadline against clients that never stop connecting, monotonic milliseconds
   */
  async #acceptQueued(deadline: number): Promise<void> {
    await nextTurn();
    for (let now = performance.now(); now < deadline; ) {
      const before = this.#accepted;
      const began = now;
      await nextTurn();
      now = performance.now();
      if (this.#accepted === before && now - began < SHORT_TURN_MS) return;
    }
  }

  #closeAll(): void {
    this.#server.closeAllConnections();
    this.#fast.closeAll();
  }

  #closeIdle(): void {
    this.#fast.closeIdle();
    // While an answer is under way the drain is not over anyway, so that the idle may as well stay. That it is ended
    // does not have it with a client that reads slowly: for the HTTP server such a connection is idle, and would be cut.
    for (const { [ANSWER]: answer } of this.#open) if (answer?.writableFinished === false) return;
    this.#server.closeIdleConnections();
  }
}
