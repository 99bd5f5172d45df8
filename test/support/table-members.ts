/** Gateways, workers and controllers in the test's own process, each with a way of its own to a real Redis. */
import { TablePresence } from '../../src/cli/table-presence.ts';
import { createWatchdog } from '../../src/control/watchdog.ts';
import type { WorkerLoad } from '../../src/table/load-statement.ts';
import { RedisClient } from '../../src/table/redis/redis-client.ts';
import { RedisControlTable } from '../../src/table/redis/redis-control-table.ts';
import { parseRedisUrl } from '../../src/table/redis/redis-target.ts';
import { RedisWorkerTable } from '../../src/table/redis/redis-worker-table.ts';
import { TableKeys } from '../../src/table/redis/table-keys.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { eventually } from './eventually.ts';
import type { RedisServer } from './redis-server.ts';

/** Where the table is: a URL, or a server that is reached through a proxy of each member's own. */
export interface TablePlace {
  readonly redis: RedisServer | string;
  readonly prefix: string;
}

interface Way {
  readonly url: string;
  readonly proxy: CuttingProxy;
}

export interface TableMember extends AsyncDisposable {
  readonly name: string;
  readonly table: RedisControlTable;
  /** Lines of its log, reasons included. */
  readonly warnings: string[];
  readonly infos: string[];
  /** What it reaches a server of the test through; of no use where the place is a URL. */
  readonly proxy: CuttingProxy;
}

export interface GatewayMember extends TableMember {
  /** Requests in flight at each worker, as it says every 10 ms; reachable where it is in there. */
  readonly inFlight: Map<string, number>;
  /** Why it keeps off some of them. */
  readonly ejected: Map<string, string>;
  /** Stops saying anything, as one that was killed does. */
  die(): Promise<void>;
}

export interface ControllerMember extends TableMember {
  /** Terms that its candidate was told of; undefined where one ended. */
  readonly terms: (number | undefined)[];
  readonly acting: boolean;
  resign(): Promise<void>;
}

export interface WorkerMember extends AsyncDisposable {
  readonly id_worker: string;
  readonly presence: TablePresence;
  readonly table: RedisWorkerTable;
  /** What it was told by the table, such as that it is to go. */
  readonly told: string[];
  readonly proxy: CuttingProxy;
  /** Ends without a word. */
  die(): Promise<void>;
  /** Drains and leaves in order. */
  leave(): Promise<void>;
}

const BEAT_MS = 100;
export const SILENT_MS = 1_500;
const STATE_MS = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 1_000;

export async function openTableMember(place: TablePlace, name: string): Promise<TableMember> {
  const { url, proxy } = await openWay(place);
  const warnings: string[] = [];
  const infos: string[] = [];
  const table = new RedisControlTable({
    target: parseRedisUrl(url),
    prefix: place.prefix,
    name,
    now: () => performance.now(),
    log: {
      warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`),
      info: (fields, message) => infos.push(`${message} ${JSON.stringify(fields)}`),
    },
  });
  await table.ready(CONNECT_TIMEOUT_MS);
  return {
    ...{ name, table, warnings, infos, proxy },
    async [Symbol.asyncDispose]() {
      await table.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

export async function startGatewayMember(place: TablePlace, name: string): Promise<GatewayMember> {
  const member = await openTableMember(place, name);
  const inFlight = new Map<string, number>();
  const ejected = new Map<string, string>();
  const state = () => {
    const loads = Array.from(inFlight, ([id_worker, in_flight]) => ({
      ...loadOf(id_worker, in_flight),
      ejected: ejected.get(id_worker) ?? '',
    }));
    return member.table.state({ id_gateway: name, node: 'n', pid: 1, address: `http://${name}`, loads });
  };
  const rejected: unknown[] = [];
  const timer = setInterval(() => void state().catch((error) => rejected.push(error)), STATE_MS);
  const die = async () => {
    clearInterval(timer);
    await member[Symbol.asyncDispose]();
    if (rejected.length > 0) throw new Error(`state() rejected ${rejected.length} times: ${rejected[0]}`);
  };
  return { ...member, inFlight, ejected, die, [Symbol.asyncDispose]: die };
}

/** A candidate whose watchdog watches while it acts. */
export async function startControllerMember(
  place: TablePlace,
  name: string,
  options: { readonly silentMs?: number; readonly watches?: boolean } = {},
): Promise<ControllerMember> {
  const member = await openTableMember(place, name);
  const watchdog = createWatchdog(member.table, {
    silentMs: options.silentMs ?? SILENT_MS,
    errorGraceMs: 600_000,
    log: createLogger({ TURNTABLE_LOG_LEVEL: 'silent', TURNTABLE_LOG_FORMAT: 'json' }),
  });
  const terms: (number | undefined)[] = [];
  const leadership = await member.table.campaign({ id_controller: name, node: 'n', pid: 1 }, (term) => {
    terms.push(term);
    if (term === undefined) void watchdog.stop();
    else if (options.watches ?? true) watchdog.start();
  });
  return {
    ...member,
    terms,
    get acting() {
      return leadership.acting;
    },
    resign: () => leadership.resign(),
    async [Symbol.asyncDispose]() {
      await watchdog.stop();
      await member[Symbol.asyncDispose]();
    },
  };
}

/** A worker that is ready when this resolves, and beats. */
export async function startWorkerMember(place: TablePlace, id_worker: string): Promise<WorkerMember> {
  const { url, proxy } = await openWay(place);
  const keys = new TableKeys(place.prefix);
  const client = new RedisClient({
    target: parseRedisUrl(url),
    name: id_worker,
    timeoutMs: COMMAND_TIMEOUT_MS,
    homeKey: keys.meta,
    onUp: () => {},
    onDown: () => {},
  });
  const table = new RedisWorkerTable({ client, keys });
  const told: string[] = [];
  const presence = new TablePresence({
    ...{ table, supervised: true, revision: 'r1' },
    log: { warn: () => {}, info: () => {} },
    onRetired: () => told.push('retired'),
    onRemoved: () => told.push('removed'),
  });
  await presence.register({
    ...{
      id_worker,
      id_model: 'fraud',
      version: '1',
      endpoint: `turntable://${id_worker}`,
      slots: 8,
      weight: 1,
    },
    ...{ node: 'n', pid: 1, signature: { inputs: [], outputs: [], batchable: true } },
    ...{ max_batch_size: 0, max_queue_delay_us: 0, idempotent: true, platform: 'onnxruntime_onnx' },
  });
  await presence.ready();
  const timer = setInterval(() => void presence.heartbeat({ rss_bytes: 1_000 }), BEAT_MS);
  const die = async () => {
    clearInterval(timer);
    client.close();
    await proxy[Symbol.asyncDispose]();
  };
  return {
    ...{ id_worker, presence, table, told, proxy, die, [Symbol.asyncDispose]: die },
    async leave() {
      await presence.draining();
      await presence.gone();
      await die();
    },
  };
}

/** Resolves when all these views have these workers, all ACTIVE, and nobody else. */
export async function allActive(
  members: readonly TableMember[],
  workers: readonly { readonly id_worker: string }[],
  timeoutMs?: number,
): Promise<void> {
  const wanted = workers.map(({ id_worker }) => `${id_worker} ACTIVE`).sort();
  const shown = ({ table }: TableMember) =>
    table
      .view()
      .workers.map(({ id_worker, status }) => `${id_worker} ${status}`)
      .sort();
  const isSo = () => members.every((member) => shown(member).join() === wanted.join());
  await eventually(`${wanted.length} ACTIVE workers in each view`, isSo, timeoutMs).catch((error) => {
    const views = members.map((member) => `${member.name}: ${shown(member).join(', ')}`);
    throw new Error(`${error.message}\nwanted: ${wanted.join(', ')}\n${views.join('\n')}`);
  });
}

/** Resolves when each view's current_requests are what these gateways say. */
export async function countsAreTrue(
  members: readonly TableMember[],
  gateways: readonly GatewayMember[],
  timeoutMs: number,
): Promise<void> {
  const wrong = () =>
    members.flatMap(({ name, table }) =>
      table.view().workers.flatMap(({ id_worker, current_requests }) => {
        const truth = gateways.reduce((sum, { inFlight }) => sum + (inFlight.get(id_worker) ?? 0), 0);
        return truth === current_requests
          ? []
          : [`${name}: ${id_worker} has ${current_requests}, not ${truth}`];
      }),
    );
  await eventually('true counts', () => wrong().length === 0, timeoutMs).catch((error) => {
    throw new Error(`${error.message}\n${wrong().join('\n')}`);
  });
}

export function loadOf(id_worker: string, in_flight: number): WorkerLoad {
  return { id_worker, in_flight, completed: 1, failed: 0, latency_ms: 1, reachable: true, ejected: '' };
}

async function openWay({ redis }: TablePlace): Promise<Way> {
  if (typeof redis === 'string') return { url: redis, proxy: NO_PROXY };
  const proxy = await startCuttingProxy(
    redis.port > 0 ? { port: redis.port } : { path: `${redis.directory}/redis.sock` },
  );
  return { url: `redis://${CREDENTIALS.get(redis) ?? ''}127.0.0.1:${proxy.port}`, proxy };
}

const unproxied = () => {
  throw new Error('this member has no proxy');
};
const NO_PROXY: CuttingProxy = {
  ...{ port: 0, connections: 0, cut: unproxied, heal: unproxied, delay: unproxied },
  [Symbol.asyncDispose]: async () => {},
};

/** Such as `ann:secret@`, of servers that ask for them. */
export const CREDENTIALS = new WeakMap<RedisServer, string>();
