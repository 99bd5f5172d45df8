/** A TCP port that a server of a test can have, also when it is started again. */
import { createServer } from 'node:net';

/** Below the range that the system gives to outgoing connections, so that none of those takes it meanwhile. */
const FIRST = 12_000;
const COUNT = 18_000;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
