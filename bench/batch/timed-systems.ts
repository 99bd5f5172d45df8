/** Starts what is compared on a fixed service time: each system once for each number of workers. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureProxies, PROXIES, PROXY_STRATEGIES, startProxyPeer } from '../peers/proxies.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import { type BenchRedis, startBenchRedis } from '../support/redis-server.ts';
import { startTimedWorkers } from '../unequal/start-timed-workers.ts';
import type { BatchRun } from './batch-run.ts';
import { startGateway } from './start-gateway.ts';
import type { TimedChannelWorkers } from './timed-channel-workers.ts';

const CHANNEL_WORKERS = join(import.meta.dirname, 'timed-channel-workers.ts');
/** What `turntable attach` says of a server where it is told nothing else. */
const ATTACHED_SLOTS = 32;

export const SYSTEMS = ['turntable', 'turntable-http', ...PROXIES] as const;
export type SystemName = (typeof SYSTEMS)[number];

export const TITLES: Readonly<Record<SystemName, string>> = {
  turntable: 'Turntable',
  'turntable-http': 'Turntable, HTTP workers',
  nginx: `NGINX ${PROXY_STRATEGIES.nginx}`,
  haproxy: `HAProxy ${PROXY_STRATEGIES.haproxy}`,
  envoy: `Envoy ${PROXY_STRATEGIES.envoy}`,
  traefik: `Traefik ${PROXY_STRATEGIES.traefik}`,
};

export interface TimedSystem {
  readonly name: SystemName;
  readonly workers: number;
  readonly inferUrl: string;
  assertRunning(): void;
}

export interface TimedSystems extends AsyncDisposable {
  readonly all: readonly TimedSystem[];
}

/** Those that can be had here, after trying to install what they need; says which are missing. */
export function systemsToBeHad(
  wanted: ReadonlySet<SystemName>,
  say: (line: string) => void,
): ReadonlySet<SystemName> {
  const isProxy = (name: SystemName) => PROXIES.some((proxy) => proxy === name);
  const there = ensureProxies(
    PROXIES.filter((proxy) => wanted.has(proxy)),
    say,
  );
  return new Set(SYSTEMS.filter((name) => (isProxy(name) ? there.has(name as never) : wanted.has(name))));
}

/**
 * HTTP workers are the same ones for all systems that use them: only one is measured at a time, and nothing waits when a
 * measurement ends.
 */
export async function startTimedSystems(
  run: BatchRun,
  names: ReadonlySet<SystemName>,
): Promise<TimedSystems> {
  await using started = new AsyncDisposableStack();
  const { options, directory, signal } = run;
  const redis = started.use(await startBenchRedis(directory, signal));
  const channel = names.has('turntable') ? started.use(await startChannelWorkers(run, redis)) : null;
  const all: TimedSystem[] = [];
  for (const workers of options.workers) {
    const add = (name: SystemName, front: OwnedProcess & { readonly url: string }, backs: OwnedProcess) =>
      all.push({
        ...{ name, workers, inferUrl: `${front.url}/v2/models/timed/infer` },
        assertRunning() {
          for (const one of [front, backs]) one.assertRunning();
        },
      });
    if (channel !== null) {
      const gateway = { redis, prefix: channelPrefix(workers), workers, backs: channel, directory };
      add('turntable', started.use(await startGateway(gateway, signal)), channel);
    }

    const prefix = `http-${workers}`;
    const own = join(directory, prefix);
    mkdirSync(own);
    const speeds = Array.from({ length: workers }, () => 1);
    const entry = { url: redis.url, prefix, slots: ATTACHED_SLOTS, weights: speeds };
    const table = names.has('turntable-http') ? entry : null;
    const http = started.use(await startTimedWorkers({ speeds, table }, own, signal));
    if (table !== null) {
      const gateway = { redis, prefix, workers, backs: http, directory };
      add('turntable-http', started.use(await startGateway(gateway, signal)), http);
    }
    for (const proxy of PROXIES) {
      if (!names.has(proxy)) continue;
      const place = join(own, proxy);
      mkdirSync(place);
      const behind = { workers: http.addresses, directory: place };
      add(proxy, started.use(await startProxyPeer(proxy, behind, signal)), http);
    }
  }
  const owned = started.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function channelPrefix(workers: number): string {
  return `channel-${workers}`;
}

/** One process for all numbers of workers: only those of one are busy at a time. */
async function startChannelWorkers(
  { options, directory, signal }: BatchRun,
  redis: BenchRedis,
): Promise<OwnedProcess> {
  const fleets = options.workers.map((count) => ({ prefix: channelPrefix(count), count }));
  const settings: TimedChannelWorkers = { table: redis.url, fleets, serviceMs: options.serviceMs };
  const workers = await startProcess(process.execPath, [CHANNEL_WORKERS, JSON.stringify(settings)], {
    ...{ logFile: join(directory, 'channel-workers.log'), ipc: true },
  });
  try {
    await workers.nextMessage(signal);
  } catch (error) {
    await workers[Symbol.asyncDispose]();
    throw error;
  }
  return workers;
}
