/** The one schema of what a process of ours may be told, by flag or by environment, and which role each is for. */

/** What a process is: the gateway, a controller, one worker, what stands for one of others, or gateway and controller in one. */
export type Role = 'serve' | 'gateway' | 'controller' | 'worker' | 'attach';

/** A setting's kind, bounds and default, and what `--help` says of it. */
export type Setting =
  | {
      readonly kind: 'integer';
      readonly unit: 'number' | 'bytes' | 'ms';
      readonly least: number;
      readonly most: number;
      readonly default: number;
      readonly help: string;
    }
  | {
      readonly kind: 'text';
      readonly unit: string;
      /** Where it is the empty text, an empty flag may say so too. */
      readonly default: string;
      readonly help: string;
      /** What it must look like, and how that is said. */
      readonly form?: { readonly pattern: RegExp; readonly expected: string };
    }
  | {
      readonly kind: 'choice';
      readonly unit: string;
      readonly choices: readonly string[];
      readonly default: string;
      readonly help: string;
    }
  | { readonly kind: 'boolean'; readonly default: boolean; readonly help: string };

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3600 * 1000;

const ALL = ['serve', 'gateway', 'controller', 'worker', 'attach'] as const;
const OURS = ['serve', 'gateway', 'controller', 'worker'] as const;
const FRONT = ['serve', 'gateway'] as const;
const CONTROL = ['serve', 'controller'] as const;

const HOST_FORM = { pattern: /^[A-Za-z0-9.:_-]{1,253}$/, expected: 'a host name or an IP address' };
const PREFIX_FORM = {
  pattern: /^[A-Za-z0-9._-]{1,64}$/,
  expected: '1 to 64 letters, digits, ".", "_" or "-"',
};

const REDIS_URL = 'Redis at a redis://, rediss://, redis+unix://, redis+sentinel:// or redis+cluster:// URL';
/** Nobody else sees the memory of such a process. */
const SHARED_TABLE = { default: '', help: `the process control table, which must be given: ${REDIS_URL}` };

function count(byDefault: number, least: number, most: number, help: string): Setting & { kind: 'integer' } {
  return { kind: 'integer', unit: 'number', least, most, default: byDefault, help };
}

function bytes(byDefault: number, least: number, most: number, help: string): Setting & { kind: 'integer' } {
  return { ...count(byDefault, least, most, help), unit: 'bytes' };
}

function milliseconds(byDefault: number, least: number, help: string): Setting & { kind: 'integer' } {
  return { ...count(byDefault, least, DAY_MS, help), unit: 'ms' };
}

/** By what a gateway chooses among workers that have a free slot; `src/balance` has each. */
const BALANCE_POLICIES = [
  'shortest-expected-delay',
  'least-connections',
  'weighted-least-connections',
  'power-of-two-choices',
  'hot-cold',
  'round-robin',
  'random',
] as const;

/** In the order of `--help`. */
const SETTINGS = {
  table: {
    kind: 'text',
    unit: 'url',
    default: 'memory',
    help: `the process control table: memory, which is of this process alone, or ${REDIS_URL}`,
    roles: ALL,
    instead: { gateway: SHARED_TABLE, controller: SHARED_TABLE, worker: SHARED_TABLE, attach: SHARED_TABLE },
  },
  tablePrefix: {
    kind: 'text',
    unit: 'name',
    default: 'turntable',
    help: 'tells tables apart that share a Redis',
    form: PREFIX_FORM,
    roles: ALL,
  },
  port: {
    ...count(8080, 0, 65_535, 'port to listen on, 0 for any free one'),
    roles: ['serve', 'gateway', 'worker'],
    // Gateways find it in the table, and one machine runs many.
    instead: { worker: { default: 0 } },
  },
  host: {
    kind: 'text',
    unit: 'address',
    // Not open to the network unless asked for: there is no authentication yet.
    default: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 opens it to the network',
    roles: ['serve', 'gateway', 'worker'],
  },
  advertise: {
    kind: 'text',
    unit: 'host',
    default: '',
    help: 'host under which gateways reach this worker; where empty, --host, or the name of this machine if that is 0.0.0.0 or ::',
    form: HOST_FORM,
    roles: ['worker'],
  },
  weight: {
    ...count(1, 1, 1000, 'share of the requests that this worker takes where gateways balance by weight'),
    roles: ['worker', 'attach'],
  },
  model: {
    kind: 'text',
    unit: 'name',
    default: '',
    help: 'the model that the server serves, by its name there; gateways serve it by the same; must be given',
    roles: ['attach'],
  },
  modelVersion: {
    kind: 'text',
    unit: 'version',
    default: '1',
    help: 'the version that gateways serve it as',
    roles: ['attach'],
  },
  slots: {
    ...count(
      32,
      1,
      100_000,
      'requests that each gateway may have under way there; it keeps to what the server can use of them',
    ),
    roles: ['attach'],
  },
  notIdempotent: {
    kind: 'boolean',
    default: false,
    help: 'requests may not be run twice: none is sent again once the server may have had it',
    roles: ['attach'],
  },
  workerHost: {
    kind: 'text',
    unit: 'address',
    default: '',
    help: 'address that workers started here listen on; where empty, they are reached from this machine alone, by Unix sockets',
    form: HOST_FORM,
    roles: CONTROL,
  },
  workerAdvertise: {
    kind: 'text',
    unit: 'host',
    default: '',
    help: 'host under which gateways reach these workers; where empty, --worker-host, or the name of this machine if that is 0.0.0.0 or ::',
    form: HOST_FORM,
    roles: CONTROL,
  },
  replicas: {
    ...count(2, 1, 256, 'workers of each model version that does not say otherwise'),
    roles: CONTROL,
  },
  maxBodyBytes: { ...bytes(64 * MIB, 1024, 1024 * MIB, 'longest request body'), roles: OURS },
  maxBufferedBytes: {
    ...bytes(1024 * MIB, 1024, 64 * 1024 * MIB, 'request bodies held at once, all together'),
    roles: FRONT,
  },
  maxInFlight: { ...count(20_000, 1, 1_000_000, 'requests under way at once'), roles: FRONT },
  maxWaiting: {
    ...count(10_000, 0, 1_000_000, 'requests that may wait for the workers of one model version'),
    roles: FRONT,
  },
  maxWaitingBytes: {
    ...bytes(256 * MIB, 1024, 64 * 1024 * MIB, 'bodies of the requests that wait for one model version'),
    roles: FRONT,
  },
  maxWaitMs: { ...milliseconds(10_000, 0, 'how long a request may wait for a worker'), roles: FRONT },
  requestTimeoutMs: {
    ...milliseconds(60_000, 1, 'how long a request may take in all, where it does not say so itself'),
    roles: FRONT,
  },
  maxRequestTimeoutMs: {
    ...milliseconds(600_000, 1, 'the longest time that a request may ask for'),
    roles: FRONT,
  },
  gatewayThreads: {
    ...count(
      1,
      1,
      64,
      'threads that take requests, where one core is too few for them; they share the port and the bounds, and with 2 or more the main thread keeps the table alone; Linux',
    ),
    roles: FRONT,
  },
  balance: {
    kind: 'choice',
    unit: 'policy',
    choices: BALANCE_POLICIES,
    default: 'shortest-expected-delay',
    help: `by what to choose among workers with a free slot: ${BALANCE_POLICIES.join(', ')}`,
    roles: FRONT,
  },
  retryPercent: {
    ...count(
      20,
      0,
      100,
      'requests sent again after a worker failed them, in percent of all, beside 10 a second',
    ),
    roles: FRONT,
  },
  hedgePercent: {
    ...count(
      0,
      0,
      100,
      'requests that are slow and sent to a second worker as well, in percent of all at most',
    ),
    roles: FRONT,
  },
  ejectAfter: {
    ...count(
      5,
      0,
      1_000,
      'failures in a row after which a worker is left alone for a while; 0 never leaves one alone',
    ),
    roles: FRONT,
  },
  ejectMs: {
    ...milliseconds(1_000, 10, 'how long it is left alone the first time; each further time doubles it'),
    roles: FRONT,
  },
  maxEjectedPercent: {
    ...count(50, 0, 100, 'workers of one model version that may be left alone at once, in percent'),
    roles: FRONT,
  },
  receiveTimeoutMs: { ...milliseconds(60_000, 100, 'how long a request may take to come in'), roles: FRONT },
  headersTimeoutMs: {
    ...milliseconds(10_000, 100, 'how long the head of a request may take to come in'),
    roles: FRONT,
  },
  keepAliveMs: { ...milliseconds(75_000, 0, 'how long an idle connection is kept'), roles: FRONT },
  maxConnections: { ...count(16_384, 1, 1_000_000, 'connections at once'), roles: FRONT },
  heartbeatMs: {
    ...milliseconds(1_000, 50, 'how often workers give a sign of life'),
    roles: ['serve', 'controller', 'worker', 'attach'],
  },
  silentMs: { ...milliseconds(3_000, 100, 'a worker silent for this long is in ERROR'), roles: CONTROL },
  errorGraceMs: {
    ...milliseconds(30_000, 100, 'a worker in ERROR for this long is killed and replaced'),
    roles: CONTROL,
  },
  startTimeoutMs: {
    ...milliseconds(300_000, 1_000, 'a worker not ready after this long is killed and replaced'),
    roles: CONTROL,
  },
  drainMs: {
    ...milliseconds(30_000, 0, 'how long shutting down may take to finish what is under way'),
    roles: ALL,
  },
  accessLog: { kind: 'boolean', default: false, help: 'log every request', roles: FRONT },
} as const satisfies Readonly<Record<string, Setting & ForRoles>>;

interface ForRoles {
  readonly roles: readonly Role[];
  /** What is another for some role. */
  readonly instead?: Partial<Record<Role, { readonly default: number | string; readonly help?: string }>>;
}

type Settings = typeof SETTINGS;
type ValueOf<Kind> = Kind extends 'integer' ? number : Kind extends 'boolean' ? boolean : string;
type KeyFor<R extends Role> = {
  [Key in keyof Settings]: R extends Settings[Key]['roles'][number] ? Key : never;
}[keyof Settings];

/** The configuration of a process of one role. */
export type RoleConfig<R extends Role> = {
  readonly [Key in KeyFor<R>]: ValueOf<Settings[Key]['kind']>;
};

/** The settings of a role, by key, in the order of `--help`. */
export function settingsOf(role: Role): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [key, setting] of Object.entries<Setting & ForRoles>(SETTINGS)) {
    if (!setting.roles.includes(role)) continue;
    settings.set(key, { ...setting, ...setting.instead?.[role] } as Setting);
  }
  return settings;
}
