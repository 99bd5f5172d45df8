/** The one schema of what a server may be told, by flag or by environment. */

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
  | { readonly kind: 'text'; readonly unit: string; readonly default: string; readonly help: string }
  | { readonly kind: 'boolean'; readonly default: boolean; readonly help: string };

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3600 * 1000;

function count(byDefault: number, least: number, most: number, help: string): Setting & { kind: 'integer' } {
  return { kind: 'integer', unit: 'number', least, most, default: byDefault, help };
}

function bytes(byDefault: number, least: number, most: number, help: string): Setting & { kind: 'integer' } {
  return { ...count(byDefault, least, most, help), unit: 'bytes' };
}

function milliseconds(byDefault: number, least: number, help: string): Setting & { kind: 'integer' } {
  return { ...count(byDefault, least, DAY_MS, help), unit: 'ms' };
}

/** In the order of `--help`. */
export const SERVER_SETTINGS = {
  port: count(8080, 0, 65_535, 'port to listen on, 0 for any free one'),
  host: {
    kind: 'text',
    unit: 'address',
    // Not open to the network unless asked for: there is no authentication yet.
    default: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 opens it to the network',
  },
  replicas: count(2, 1, 256, 'workers of each model version that does not say otherwise'),
  maxBodyBytes: bytes(64 * MIB, 1024, 1024 * MIB, 'longest request body'),
  maxBufferedBytes: bytes(1024 * MIB, 1024, 64 * 1024 * MIB, 'request bodies held at once, all together'),
  maxInFlight: count(20_000, 1, 1_000_000, 'requests under way at once'),
  maxWaiting: count(10_000, 0, 1_000_000, 'requests that may wait for the workers of one model version'),
  maxWaitMs: milliseconds(10_000, 0, 'how long a request may wait for a worker'),
  requestTimeoutMs: milliseconds(60_000, 1, 'how long a request may take in all'),
  receiveTimeoutMs: milliseconds(60_000, 100, 'how long a request may take to come in'),
  headersTimeoutMs: milliseconds(10_000, 100, 'how long the head of a request may take to come in'),
  keepAliveMs: milliseconds(75_000, 0, 'how long an idle connection is kept'),
  maxConnections: count(16_384, 1, 1_000_000, 'connections at once'),
  heartbeatMs: milliseconds(1_000, 50, 'how often workers give a sign of life'),
  silentMs: milliseconds(3_000, 100, 'a worker silent for this long is in ERROR'),
  errorGraceMs: milliseconds(30_000, 100, 'a worker in ERROR for this long is killed and replaced'),
  startTimeoutMs: milliseconds(300_000, 1_000, 'a worker not ready after this long is killed and replaced'),
  drainMs: milliseconds(30_000, 0, 'how long shutting down may take to finish what is under way'),
  accessLog: { kind: 'boolean', default: false, help: 'log every request' },
} as const satisfies Readonly<Record<string, Setting>>;

type Settings = typeof SERVER_SETTINGS;
type ValueOf<Kind> = Kind extends 'integer' ? number : Kind extends 'boolean' ? boolean : string;

export type ServerConfig = { readonly [Key in keyof Settings]: ValueOf<Settings[Key]['kind']> };
