/** Endpoint URLs of our own workers: where a turntable channel connects to. */
import { TurntableError } from '../turntable-error.ts';

/** What `net.connect` and `server.listen` take. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

class EndpointError extends TurntableError<'ENDPOINT'> {
  constructor(message: string) {
    super('ENDPOINT', message);
  }
}

/** @throws EndpointError when the text is not `turntable://host:port` or `turntable+unix:///path` */
export function parseEndpoint(endpoint: string): SocketAddress {
  const url = URL.parse(endpoint);
  if (url?.protocol === 'turntable+unix:' && url.pathname.length > 1) {
    return { path: decodeURIComponent(url.pathname) };
  }
  if (url?.protocol === 'turntable:' && url.hostname !== '' && url.port !== '') {
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
  }
  throw new EndpointError(
    `"${endpoint}" is not an endpoint: expected turntable://host:port or turntable+unix:///path`,
  );
}

/** The endpoint URL of a Unix socket's path. */
export function unixEndpoint(path: string): string {
  return `turntable+unix://${path.split('/').map(encodeURIComponent).join('/')}`;
}
