/** A real Redis server for a test: on a Unix socket or a TCP port, killed, frozen and restarted at will. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, makeCertificates } from './certificates.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { makeMovableClock, sweepSharedMemory } from './movable-clock.ts';
import { type OwnedChild, startChild } from './owned-child.ts';
import { redisCommand } from './redis-command.ts';

export interface RedisServerOptions {
  /** Default: a Unix socket. */
  readonly listen?: 'unix' | 'tcp';
  /** Lines of its configuration, such as `maxmemory 10mb`. */
  readonly config?: readonly string[];
  /** On TCP; `mutual` asks the client for a certificate too. */
  readonly tls?: true | 'mutual';
  /** Of the default user. */
  readonly password?: string;
  /** Lines of an ACL file, such as `user ann on >secret ~* +@all`; the default user is off unless in it. */
  readonly users?: readonly string[];
  /** Makes `advanceClock` work, at some cost per command. */
  readonly movableClock?: boolean;
}

export interface RedisServer extends AsyncDisposable {
  /** Without credentials. */
  readonly url: string;
  readonly pid: number;
  readonly isRunning: boolean;
  /** 0 on a Unix socket. */
  readonly port: number;
  /** Of its own, deleted with it. */
  readonly directory: string;
  readonly certificates: Certificates | undefined;
  /** Resolves when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when it does nothing any more. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends it, if it still runs, and starts it at the same address: empty, unless configured to persist. */
  restart(): Promise<void>;
  /** Runs a command with all rights, on a connection of its own. */
  cli(command: string, ...args: (string | number)[]): Promise<unknown>;
  /** Moves its clock on, or back; what runs on a timer there keeps its pace. */
  advanceClock(ms: number): void;
}

const START_TIMEOUT_MS = 10_000;
const ADMIN = 'admin-of-the-tests';

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'turntable-redis-'));
  const certificates = options.tls && makeCertificates(directory);
  const onTcp = options.listen === 'tcp' || options.tls !== undefined;
  const port = onTcp ? await freePort() : 0;
  const socket = join(directory, 'redis.sock');
  const clock = options.movableClock ? makeMovableClock(join(directory, 'clock')) : undefined;
  const where = onTcp ? { port } : { path: socket };

  if (options.users) {
    const isDefault = (line: string) => line.startsWith('user default ');
    const others = options.users.some(isDefault) ? [] : ['user default off'];
    const users = [`user ${ADMIN} on nopass ~* &* +@all`, ...others, ...options.users];
    writeFileSync(join(directory, 'users.acl'), users.map((line) => `${line}\n`).join(''));
  }
  const config = [
    onTcp ? 'bind 127.0.0.1' : `unixsocket ${socket}`,
    `port ${certificates ? 0 : port}`,
    ...(certificates ? [`tls-port ${port}`, `tls-ca-cert-file ${certificates.ca}`] : []),
    ...(certificates ? [`tls-cert-file ${certificates.cert}`, `tls-key-file ${certificates.key}`] : []),
    ...(certificates ? [`tls-auth-clients ${options.tls === 'mutual' ? 'yes' : 'no'}`] : []),
    ...(options.password === undefined ? [] : [`requirepass ${options.password}`]),
    ...(options.users ? [`aclfile ${join(directory, 'users.acl')}`] : []),
    ...[`dir ${directory}`, 'save ""', 'loglevel warning', 'enable-debug-command yes'],
    ...(options.config ?? []),
  ];
  // A file, so that a server keeps what a Sentinel has made of it when it starts again.
  const configFile = join(directory, 'redis.conf');
  writeFileSync(configFile, config.map((line) => `${line}\n`).join(''));

  const cli = (command: string, ...rest: (string | number)[]) =>
    redisCommand(
      {
        ...where,
        ...(options.users && { username: ADMIN, password: 'any' }),
        ...(options.password !== undefined && { password: options.password }),
        ...(certificates && { tls: { rejectUnauthorized: false, ...clientCertificate(certificates) } }),
      },
      command,
      ...rest,
    );

  const start = async () => {
    const started = startChild('redis-server', [configFile], clock?.env);
    await eventually(
      'Redis to answer',
      () => started.exit !== undefined || cli('PING').then((pong) => pong === 'PONG'),
      START_TIMEOUT_MS,
    ).catch((error) => {
      started.signal('SIGKILL');
      throw error;
    });
    if (started.exit !== undefined)
      throw new Error(`Redis ended with ${started.exit}; it wrote:\n${started.output}`);
    return started;
  };

  let child: OwnedChild;
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.signal(signal);
    if (signal !== 'SIGKILL') child.thaw();
    await child.exited;
  };
  try {
    child = await start();
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    url: certificates
      ? `rediss://127.0.0.1:${port}`
      : onTcp
        ? `redis://127.0.0.1:${port}`
        : `redis+unix://${socket}`,
    get pid() {
      return child.pid;
    },
    get isRunning() {
      return child.exit === undefined;
    },
    port,
    directory,
    certificates,
    kill,
    freeze: () => child.freeze(),
    thaw: () => child.thaw(),
    async restart() {
      await kill();
      child = await start();
    },
    cli,
    advanceClock(ms) {
      if (!clock) throw new Error('start the server with movableClock');
      clock.advance(ms);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      if (clock) sweepSharedMemory();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function clientCertificate({ cert, key }: Certificates): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
