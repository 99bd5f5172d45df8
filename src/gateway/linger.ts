/** Ending a request whose body is not wanted, so that the client still learns why. */
import type { IncomingMessage } from 'node:http';

/** How long a client whose body was refused may go on sending before the connection is cut, milliseconds. */
const LINGER_MS = 2_000;

/**
 * Cuts a connection whose body is too large a little later, dropping what comes until then: closing at once would
 * reset it, and the client would lose the answer that says why.
 */
export function lingerThenCut(req: IncomingMessage): void {
  req.resume();
  const timer = setTimeout(() => req.destroy(), LINGER_MS);
  req.once('close', () => clearTimeout(timer));
}
