/** The worker's end of the turntable channel: listens for gateways, and drains. */
import { createServer, type Server } from 'node:net';
import type { SocketAddress } from './endpoint.ts';
import { type ChannelServerOptions, type Held, ServerConnection } from './server-connection.ts';

/** How long {@link ChannelServer.drain} waits for a gateway to say that it will send no more. */
const DRAIN_ACK_TIMEOUT_MS = 1_000;

export class ChannelServer {
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #held: Held = { requests: 0, bytes: 0, draining: false };
  #idleWaiter: (() => void) | undefined;

  constructor(options: ChannelServerOptions) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      const connection = new ServerConnection(socket, options, this.#held, () => this.#idleWaiter?.());
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    });
  }

  /** Requests that are held now. */
  get requests(): number {
    return this.#held.requests;
  }

  /** Listens; resolves to the address it got, so that port 0 can be asked for. */
  listen(address: SocketAddress): Promise<SocketAddress> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        if (bound === null || typeof bound === 'string') resolve(address);
        else resolve({ host: bound.address, port: bound.port });
      });
    });
  }

  /**
   * Accepts nothing new, tells the gateways so, and resolves when all that was accepted is answered and every
   * gateway knows; then closes.
   */
  async drain(): Promise<void> {
    this.#held.draining = true;
    for (const connection of this.#connections) connection.drain();
    const acknowledged = this.#until((connection) => connection.drained);
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_ACK_TIMEOUT_MS).unref());
    await this.#until((connection) => connection.idle);
    await Promise.race([acknowledged, timeout]);
    for (const connection of this.#connections) connection.end();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // A gateway that does not run any more does not close its end.
    await Promise.race([closed, timeout]);
    for (const connection of this.#connections) connection.destroy();
  }

  /** Closes at once. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
    this.#server.close();
  }

  #until(condition: (connection: ServerConnection) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const earlier = this.#idleWaiter;
      const check = () => {
        earlier?.();
        if ([...this.#connections].every(condition)) resolve();
      };
      this.#idleWaiter = check;
      check();
    });
  }
}
