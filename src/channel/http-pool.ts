/** The connections to one server that speaks HTTP: one for each request under way, kept for the next. */
import { createRequire } from 'node:module';
import type { Pool } from 'undici';
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
 * As many connections as there are requests under way, which the worker's slots bound, or twice that: one is used again only
 * a turn of the event loop after its answer, in which a server that closes it all the same has shown that.
 */
export function openHttpPool({ protocol, host, port }: HttpTarget): Pool {
  // Here and not above: it takes 20 MB, which a gateway whose workers are all on its own channel need not have.
  const undici: typeof import('undici') = load('undici');
  const origin = `${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new undici.Pool(origin, {
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: MAX_IDLE_MS,
    keepAliveMaxTimeout: MAX_IDLE_MS,
    keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // How long an answer may take is known to who sent the request.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
