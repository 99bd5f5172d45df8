/**
 * Several listening sockets on one port. Node accepts one connection of a socket in each turn of its event loop (libuv does,
 * since 1.46 at the latest), so where turns are long, as on a busy machine, a hundred new connections wait for a hundred of
 * them. The kernel spreads connections over sockets that share a port (`SO_REUSEPORT`), and one of each is accepted in a turn.
 */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Server, type Socket } from 'node:net';

/** Beside the server's own. Eight in all take 200 connections in some 35 turns where one takes 200. */
const MORE_SOCKETS = 7;

/**
 * Who shares a port shares it with any program of the same user that does: another server there would take some of our
 * connections, and we of its, without a word. Nobody listens to find that out: whoever connected meanwhile, as clients of a
 * gateway that restarts do, would be cut off. A socket is bound to the port as it would be to listen, and then connected to
 * itself, as a socket of Node's that is not to listen cannot be bound alone.
 * @throws EADDRINUSE, as listening would; what else is wrong with the address shows when it is listened on
 */
export async function assertFree(port: number, host: string): Promise<void> {
  const { address } = await lookup(host);
  await new Promise<void>((resolve, reject) => {
    const bound = connect({ port, host: address, localPort: port, localAddress: address, timeout: 1_000 });
    // Reset, so that nothing of it is left for a while (TIME_WAIT).
    bound.once('connect', () => bound.resetAndDestroy());
    bound.once('timeout', () => bound.destroy());
    bound.once('close', () => resolve());
    bound.on('error', ({ code, syscall }: NodeJS.ErrnoException) => {
      if (syscall !== 'bind' || code !== 'EADDRINUSE') return;
      const error = new Error(`listen ${code}: address already in use ${address}:${port}`);
      reject(Object.assign(error, { code, syscall: 'listen', address, port }));
    });
  });
}

export class ListeningSockets {
  readonly #server: Server;
  readonly #more: Server[] = [];

  /** @param server gets all connections, as if it had accepted them */
  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param shared the port is shared with others of this process, and was free
   * @throws the listening error, such as EADDRINUSE
   */
  async listen(port: number, host: string, shared: boolean): Promise<AddressInfo> {
    if (!shared) {
      if (process.platform !== 'linux') return listen(this.#server, port, host, false);
      if (port !== 0) await assertFree(port, host);
    }
    const address = await listen(this.#server, port, host, true);
    for (let n = 0; n < MORE_SOCKETS; n++) {
      // As an HTTP server's own: it goes on reading after the client has ended its side.
      const more = createServer({ allowHalfOpen: true, noDelay: true });
      more.on('connection', (socket: Socket) => this.#server.emit('connection', socket));
      try {
        await listen(more, address.port, host, true);
      } catch {
        // The system does not share ports after all; one socket does as well but for bursts.
        break;
      }
      this.#more.push(more);
    }
    return address;
  }

  /** Accepts no more; resolves when all connections have ended. */
  async close(): Promise<void> {
    await Promise.all(
      [this.#server, ...this.#more].map(
        // Not an HTTP server's own close, which closes idle connections at once.
        (one) => new Promise<void>((resolve) => Server.prototype.close.call(one, () => resolve())),
      ),
    );
  }
}

async function listen(server: Server, port: number, host: string, reusePort: boolean): Promise<AddressInfo> {
  server.listen({ port, host, reusePort });
  await once(server, 'listening');
  return server.address() as AddressInfo;
}
