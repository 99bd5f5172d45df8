/** Load on several gateways at once: a client whose gateway takes no connection goes to the next, as behind a balancer. */
import { readFileSync } from 'node:fs';
import { Agent, type ClientRequest, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.ts';

const FRAUD_REQUEST = readFileSync(new URL('../../examples/requests/fraud.json', import.meta.url));

/** How long a gateway that drains leaves idle connections open. */
const IDLE_GRACE_MS = 1_000;

export interface GatewayLoad {
  readonly answered: number;
  readonly failures: readonly string[];
  /** Waits until that many more requests are answered. */
  answers(more: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param urls of the gateways; what is there when a request begins counts */
export function startGatewayLoad(urls: readonly string[], clients = 12): GatewayLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  let answered = 0;
  let stopped = false;
  const headers = { 'content-type': 'application/json', 'content-length': FRAUD_REQUEST.length };
  const answeredAt = new WeakMap<Socket, number>();

  /**
   * What went wrong; undefined when it was answered, 'refused' when nobody listened, 'cut off' when a gateway that
   * stops listening cannot help it.
   */
  const send = (url: string) =>
    new Promise<string | undefined>((resolve) => {
      const sentAt = performance.now();
      const options = { method: 'POST', agent, headers };
      const req = request(`${url}/v2/models/fraud/infer`, options, (res) => {
        const { socket } = res;
        res.resume();
        res.on('end', () => {
          answeredAt.set(socket, performance.now());
          resolve(res.statusCode === 200 ? undefined : `status ${res.statusCode}`);
        });
        res.on('error', (error) => resolve(error.message));
      });
      req.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') resolve('refused');
        else resolve(mayBeCutOff(req, error, sentAt) ? 'cut off' : describe(req, error, sentAt));
      });
      req.end(FRAUD_REQUEST);
    });
  const idleMs = ({ socket }: ClientRequest, sentAt: number) =>
    sentAt - ((socket && answeredAt.get(socket)) ?? sentAt);
  /**
   * A new connection that was not accepted yet is reset by the kernel, and one that was idle for long may be closed
   * the moment that it is used: HTTP/1.1 has no way to tell in time. No other is to be lost.
   */
  const mayBeCutOff = (req: ClientRequest, { code }: NodeJS.ErrnoException, sentAt: number) => {
    if (code !== 'ECONNRESET' && code !== 'EPIPE') return false;
    return req.reusedSocket ? idleMs(req, sentAt) >= IDLE_GRACE_MS : !req.socket?.bytesRead;
  };
  const describe = (req: ClientRequest, { code, message }: NodeJS.ErrnoException, sentAt: number) =>
    `${code}: ${message}, on a connection ${req.reusedSocket ? `idle for ${idleMs(req, sentAt)} ms` : 'of its own'}`;
  const once = async (turn: number) => {
    for (let i = 0; i < urls.length; i++) {
      const url = urls[(turn + i) % urls.length] as string;
      const failure = await send(url);
      if (failure === 'refused') continue;
      // Only a gateway that goes may cut anybody off.
      if (failure === 'cut off' && (await goes(url))) continue;
      if (failure !== undefined) failures.push(failure);
      answered++;
      return;
    }
    failures.push('no gateway listens');
  };
  const client = async (_: unknown, first: number) => {
    for (let turn = first; !stopped; turn++) await once(turn);
  };
  const running = Array.from({ length: clients }, client);

  return {
    get answered() {
      return answered;
    },
    failures,
    answers(more) {
      const wanted = answered + more;
      return eventually(`${more} more answers`, () => answered >= wanted, 40_000).then(() => {});
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
      agent.destroy();
    },
  };
}

/** Whether it stops listening: it has several sockets for that, and on a busy machine not all are closed at one moment. */
function goes(url: string): Promise<boolean> {
  return eventually('it to stop listening', async () => !(await listens(url)), IDLE_GRACE_MS).catch(
    () => false,
  );
}

function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
  });
}
