/** A network between a client and a server that a test can cut, silence and slow down. */
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';

/** `reset` closes connections and refuses new ones; `silent` keeps and accepts them but forwards nothing. */
export type Cut = 'reset' | 'silent';

export interface CuttingProxy extends AsyncDisposable {
  /** At 127.0.0.1. */
  readonly port: number;
  /** Connections that clients have open. */
  readonly connections: number;
  /** Resolves when it has taken effect. */
  cut(how: Cut): Promise<void>;
  /** Forwards again; what came in the silence is forwarded late. */
  heal(): Promise<void>;
  /** What comes from now on is forwarded so much later, each way. */
  delay(ms: number): void;
}

/** @param target a port at 127.0.0.1, or a Unix socket's path */
export async function startCuttingProxy(target: { port: number } | { path: string }): Promise<CuttingProxy> {
  const where: NetConnectOpts = 'path' in target ? target : { ...target, host: '127.0.0.1' };
  const sockets = new Set<Socket>();
  let inbound = 0;
  let silent = false;
  let delayMs = 0;

  const forward = (from: Socket, to: Socket) => {
    const late: (Buffer | string)[] = [];
    from.on('data', (chunk) => {
      // In their order, also when the delay has become less.
      if (delayMs === 0 && late.length === 0) return void to.write(chunk);
      late.push(chunk);
      setTimeout(() => to.write(late.shift() ?? ''), delayMs);
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    sockets.add(from);
    if (silent) from.pause();
  };
  const onConnection = (client: Socket) => {
    const upstream = connect(where);
    inbound++;
    client.once('close', () => inbound--);
    forward(client, upstream);
    forward(upstream, client);
  };
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const listener = createServer(onConnection);
      listener.once('error', reject);
      listener.listen(port, '127.0.0.1', () => resolve(listener));
    });
  const close = async (listener: Server) => {
    const closed = new Promise((resolve) => listener.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  let server: Server | undefined = await listen(0);
  const { port } = server.address() as { port: number };
  return {
    port,
    get connections() {
      return inbound;
    },
    async cut(how) {
      silent = how === 'silent';
      if (silent) {
        for (const socket of sockets) socket.pause();
      } else if (server) {
        const listener = server;
        server = undefined;
        await close(listener);
      }
    },
    async heal() {
      silent = false;
      for (const socket of sockets) socket.resume();
      server ??= await listen(port);
    },
    delay(ms) {
      delayMs = ms;
    },
    async [Symbol.asyncDispose]() {
      if (server) await close(server);
    },
  };
}
