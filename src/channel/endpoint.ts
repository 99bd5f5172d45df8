/** Endpoint URLs of workers: where a channel connects to. */
import { hostname } from 'node:os';
import { TurntableError } from '../turntable-error.ts';

/** What `net.connect` and `server.listen` take. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Where the requests for a model go at a server that speaks HTTP; what `http.request` takes. */
export interface HttpTarget {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  /** Of inference. */
  readonly path: string;
  /** Of the Host header. */
  readonly authority: string;
}

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

/** Whether a server stands there that speaks HTTP, and no worker of our own. */
export function isHttpEndpoint(endpoint: string): boolean {
  return /^https?:/i.test(endpoint);
}

/**
 * Where inference requests go. Without a path in the URL that is the Open Inference Protocol's path of the model, without
 * a version: servers differ in how they call it.
 * @throws EndpointError when the text is not `http(s)://host[:port][/path]`
 */
export function parseHttpEndpoint(endpoint: string, id_model: string): HttpTarget {
  const url = URL.parse(endpoint);
  const { protocol } = url ?? {};
  if (!url || (protocol !== 'http:' && protocol !== 'https:') || url.username !== '' || url.password !== '') {
    throw new EndpointError(
      `"${withoutPassword(endpoint)}" is not an endpoint: expected http://host:port, or with the path to post to; no user or password`,
    );
  }
  const { pathname, search, hostname: host } = url;
  return {
    protocol,
    host: host.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port),
    path: pathname === '/' ? `/v2/models/${encodeURIComponent(id_model)}/infer` : pathname + search,
    authority: url.host,
  };
}

/** A URL as it may be shown. */
function withoutPassword(endpoint: string): string {
  return endpoint.replace(/\/\/[^/@]*@/, '//***@');
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
