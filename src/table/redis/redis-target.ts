/** The URL of a table on Redis: which kind of deployment, where it is, and who we are there. */
import { isIP } from 'node:net';
import { TurntableError } from '../../turntable-error.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export type ServerAddress = HostPort | { readonly path: string };

export interface RedisCredentials {
  /** Absent: the server's default user. */
  readonly username?: string;
  readonly password: string;
}

/** File paths; what is absent is Node's default. */
export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the certificate must bear, where it is not the host's. */
  readonly servername?: string;
}

interface Deployment {
  readonly credentials?: RedisCredentials;
  readonly tls?: RedisTls;
}

export interface SingleTarget extends Deployment {
  readonly kind: 'single';
  readonly address: ServerAddress;
  readonly db: number;
}

export interface SentinelTarget extends Deployment {
  readonly kind: 'sentinel';
  readonly sentinels: readonly HostPort[];
  readonly masterName: string;
  readonly db: number;
  /** For the Sentinels themselves; `credentials` are for the servers. */
  readonly sentinelCredentials?: RedisCredentials;
}

export interface ClusterTarget extends Deployment {
  readonly kind: 'cluster';
  /** Where to ask first; the cluster tells of the others. */
  readonly nodes: readonly HostPort[];
}

export type RedisTarget = SingleTarget | SentinelTarget | ClusterTarget;

export class TableUrlError extends TurntableError<'TABLE_URL'> {
  constructor(message: string) {
    super('TABLE_URL', `the table's URL ${message}`);
  }
}

const MAX_URL_LENGTH = 4_096;
const MAX_HOSTS = 64;
/** What fits a Unix socket address with its final NUL. */
const MAX_PATH_BYTES = 107;
const SCHEMES = new Map([
  ['redis', { kind: 'single', tls: false }],
  ['rediss', { kind: 'single', tls: true }],
  ['redis+unix', { kind: 'unix', tls: false }],
  ['redis+sentinel', { kind: 'sentinel', tls: false }],
  ['rediss+sentinel', { kind: 'sentinel', tls: true }],
  ['redis+cluster', { kind: 'cluster', tls: false }],
  ['rediss+cluster', { kind: 'cluster', tls: true }],
] as const);
const TLS_PARAMETERS = ['ca', 'cert', 'key', 'servername'] as const;

/**
 * Reads a URL such as `redis://host`, `redis+unix:///path`, `redis+sentinel://host1,host2/name` or
 * `redis+cluster://host1,host2`.
 * @throws TableUrlError which never repeats the text: a part that is out of place may be of a password
 */
export function parseRedisUrl(url: string): RedisTarget {
  if (url.length > MAX_URL_LENGTH) throw new TableUrlError(`is longer than ${MAX_URL_LENGTH} characters`);
  const [, schemeName = '', authority = '', path = '', , query = ''] =
    /^([a-z+]+):\/\/([^/?#]*)(\/[^?#]*)?(\?([^#]*))?$/.exec(url) ?? [];
  const scheme = SCHEMES.get(schemeName as 'redis');
  if (!scheme) {
    throw new TableUrlError(
      `must be one of ${[...SCHEMES.keys()].map((name) => `${name}://`).join(', ')} with what follows ` +
        '(reserved characters of a user or password are percent-encoded)',
    );
  }
  const at = authority.indexOf('@');
  if (`${authority.slice(at + 1)}${path}${query}`.includes('@')) {
    throw new TableUrlError(
      'must have "@", ":", "/", "?" and "#" percent-encoded in a user or password (%40, %2F, …)',
    );
  }
  const credentials = readCredentials(authority.slice(0, Math.max(at, 0)));
  const hosts = authority.slice(at + 1);
  const parameters = readQuery(query, [
    ...(scheme.kind === 'unix' ? ['db'] : []),
    ...(scheme.kind === 'sentinel' ? ['sentinel_username', 'sentinel_password'] : []),
    ...(scheme.tls ? TLS_PARAMETERS : []),
  ]);
  const tls = scheme.tls ? readTls(parameters) : undefined;
  const common = { ...(credentials && { credentials }), ...(tls && { tls }) };
  switch (scheme.kind) {
    case 'single': {
      const [address, ...others] = readHosts(hosts, 6379);
      if (!address || others.length > 0) throw new TableUrlError('must name one host');
      return { kind: 'single', address, db: readDb(path.slice(1)), ...common };
    }
    case 'unix': {
      if (hosts !== '') throw new TableUrlError('must have three slashes before the path of a socket');
      const db = readDb(parameters.get('db') ?? '');
      return { kind: 'single', address: { path: readSocketPath(path) }, db, ...common };
    }
    case 'sentinel': {
      const [, masterName, db = ''] = /^\/([A-Za-z0-9._-]{1,128})(?:\/(\d*))?$/.exec(path) ?? [];
      if (!masterName) {
        throw new TableUrlError("must name the Sentinels' master after the hosts: /name or /name/db");
      }
      const username = parameters.get('sentinel_username');
      const password = parameters.get('sentinel_password');
      const known = username !== undefined || password !== undefined;
      const sentinelCredentials = known
        ? { ...(username && { username }), password: password ?? '' }
        : undefined;
      return {
        kind: 'sentinel',
        sentinels: readHosts(hosts, 26379),
        masterName,
        db: readDb(db),
        ...(sentinelCredentials && { sentinelCredentials }),
        ...common,
      };
    }
    case 'cluster':
      if (path !== '' && path !== '/')
        throw new TableUrlError('must end after the hosts: a cluster has no db');
      return { kind: 'cluster', nodes: readHosts(hosts, 6379), ...common };
  }
}

/** The target as a URL fit to be shown: with `***` for passwords. */
export function displayTarget(target: RedisTarget): string {
  return formatRedisUrl(target, () => '***');
}

/** The URL that {@link parseRedisUrl} reads as this target. */
export function formatRedisUrl(target: RedisTarget, showPassword = encodeURIComponent): string {
  const { credentials, tls } = target;
  const unix = target.kind === 'single' && 'path' in target.address;
  const kind = unix ? '+unix' : target.kind === 'single' ? '' : `+${target.kind}`;
  const userinfo = credentials
    ? `${encodeURIComponent(credentials.username ?? '')}${credentials.password === '' ? '' : `:${showPassword(credentials.password)}`}@`
    : '';
  const parameters: string[] = [];
  let place: string;
  switch (target.kind) {
    case 'single':
      if ('path' in target.address) {
        place = target.address.path.split('/').map(encodeURIComponent).join('/');
        if (target.db !== 0) parameters.push(`db=${target.db}`);
      } else {
        place = `${showHost(target.address)}${target.db === 0 ? '' : `/${target.db}`}`;
      }
      break;
    case 'sentinel': {
      place = `${target.sentinels.map(showHost)}/${target.masterName}${target.db === 0 ? '' : `/${target.db}`}`;
      const { username, password } = target.sentinelCredentials ?? {};
      if (username) parameters.push(`sentinel_username=${encodeURIComponent(username)}`);
      if (password) parameters.push(`sentinel_password=${showPassword(password)}`);
      break;
    }
    case 'cluster':
      place = `${target.nodes.map(showHost)}`;
      break;
  }
  for (const name of TLS_PARAMETERS) {
    if (tls?.[name] !== undefined) parameters.push(`${name}=${encodeURIComponent(tls[name])}`);
  }
  const query = parameters.length > 0 ? `?${parameters.join('&')}` : '';
  return `redis${tls ? 's' : ''}${kind}://${userinfo}${place}${query}`;
}

/** Such as `[::1]:6379` or a socket's path. */
export function showAddress(address: ServerAddress): string {
  return 'path' in address ? address.path : showHost(address);
}

function showHost({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function readCredentials(userinfo: string): RedisCredentials | undefined {
  const [user = '', ...rest] = userinfo.split(':');
  const username = decode(user);
  const password = decode(rest.join(':'));
  if (username === '' && password === '') return undefined;
  return { ...(username !== '' && { username }), password };
}

function readHosts(text: string, defaultPort: number): HostPort[] {
  const hosts = text.split(',');
  if (hosts.length > MAX_HOSTS) throw new TableUrlError(`must not name more than ${MAX_HOSTS} hosts`);
  return hosts.map((one) => {
    const [, bracketed, name, port] =
      /^(?:\[([^\]]*)\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(one) ?? [];
    const host = bracketed !== undefined && isIP(bracketed) === 6 ? bracketed : name;
    const number = port === undefined ? defaultPort : Number(port);
    if (host === undefined || number < 1 || number > 65_535) {
      throw new TableUrlError(
        'must have hosts of the form name, name:port or [IPv6]:port, with ports from 1 to 65535',
      );
    }
    return { host, port: number };
  });
}

function readDb(text: string): number {
  if (!/^\d{0,5}$/.test(text)) throw new TableUrlError('must have a number from 0 to 99999 as its db');
  return Number(text);
}

function readSocketPath(encoded: string): string {
  const path = decode(encoded);
  if (path.length < 2 || path.includes('\0') || Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new TableUrlError(`must have the absolute path of a socket, of at most ${MAX_PATH_BYTES} bytes`);
  }
  return path;
}

function readTls(parameters: ReadonlyMap<string, string>): RedisTls {
  if (parameters.has('cert') !== parameters.has('key'))
    throw new TableUrlError('must have both cert and key, or neither');
  return Object.fromEntries(
    TLS_PARAMETERS.flatMap((name) => (parameters.has(name) ? [[name, parameters.get(name)]] : [])),
  );
}

function readQuery(query: string, allowed: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const item of query === '' ? [] : query.split('&')) {
    const [, name, value] = /^([a-z_]+)=(.+)$/s.exec(item) ?? [];
    if (name === undefined || !allowed.includes(name) || parameters.has(name)) {
      const expected =
        allowed.length > 0 ? `each of ${allowed.join(', ')} at most once, with a value` : 'none';
      throw new TableUrlError(`has a query parameter that does not belong there; expected ${expected}`);
    }
    parameters.set(name, decode(value as string));
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TableUrlError('must have "%" percent-encoded (%25) where it is meant as such');
  }
}
