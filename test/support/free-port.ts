/** A TCP port of the loopback address that a server of a test or benchmark can have, also when it is started again. */
import { assertFree } from '../../src/gateway/listening-sockets.ts';

/** Below the range that the system gives to outgoing connections, so that none of those takes it meanwhile. */
const FIRST = 12_000;
const COUNT = 18_000;
/** Those that were handed out, as servers that start together ask one after the other. */
const given = new Set<number>();

/** @throws when the process has asked for more than there are */
export async function freePort(): Promise<number> {
  while (given.size < COUNT) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('no TCP port to be had');
}

function isFree(port: number): Promise<boolean> {
  return assertFree(port, '127.0.0.1').then(
    () => true,
    () => false,
  );
}
