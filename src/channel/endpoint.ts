/** Endpoint URLs of our own workers: where a turntable channel connects to. */
import { hostname } from 'node:os';
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

/** The endpoint URL of a TCP port. @param host a name or an address; IPv6 without brackets */
export function tcpEndpoint(host: string, port: number): string {
  return `turntable://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * The host under which others reach what listens here.
 * @param advertised what somebody said that it is; empty where nobody did
 */
export function advertisedHost(listensOn: string, advertised: string): string {
  if (advertised !== '') return advertised;
  return listensOn === '0.0.0.0' || listensOn === '::' ? hostname() : listensOn;
}
