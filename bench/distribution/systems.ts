/** Starts what is compared, one or several of each, every system before timed workers of its own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  ensureProxies,
  PROXIES,
  PROXY_STRATEGIES,
  type ProxyName,
  startProxyPeer,
} from '../peers/proxies.ts';
import type { OwnedProcess } from '../support/owned-process.ts';
import { type BenchRedis, startBenchRedis } from '../support/redis-server.ts';
import { startTimedWorkers, type TimedWorkers } from '../unequal/start-timed-workers.ts';
import type { DistributionRun } from './distribution-run.ts';
import { startGateways } from './turntable-gateways.ts';

export const WORKERS = 4;

/** What each is told of balancing; null: nothing. */
const OURS = {
  turntable: null,
  'turntable-least-connections': 'least-connections',
  'turntable-round-robin': 'round-robin',
} as const;
type OurName = keyof typeof OURS;
export type SystemName = OurName | ProxyName;
export const SYSTEMS: readonly SystemName[] = [...(Object.keys(OURS) as OurName[]), ...PROXIES];

export const TITLES: Readonly<Record<SystemName, string>> = {
  turntable: 'Turntable',
  'turntable-least-connections': 'Turntable least-connections',
  'turntable-round-robin': 'Turntable round-robin',
  nginx: `NGINX ${PROXY_STRATEGIES.nginx}`,
  haproxy: `HAProxy ${PROXY_STRATEGIES.haproxy}`,
  envoy: `Envoy ${PROXY_STRATEGIES.envoy}`,
  traefik: `Traefik ${PROXY_STRATEGIES.traefik}`,
};

export function isOurs(name: SystemName): name is OurName {
  return name in OURS;
}

/** Those of the given systems that can be had here, after trying to install what they need. */
export function systemsToBeHad(
  wanted: ReadonlySet<SystemName>,
  say: (line: string) => void,
): ReadonlySet<SystemName> {
  const there = ensureProxies(
    PROXIES.filter((name) => wanted.has(name)),
    say,
  );
  return new Set([...wanted].filter((name) => isOurs(name) || there.has(name)));
}

export interface DistributionSystem {
  readonly name: SystemName;
  readonly inferUrls: readonly string[];
  readonly workers: TimedWorkers;
  assertRunning(): void;
}

export interface Systems extends AsyncDisposable {
  readonly all: readonly DistributionSystem[];
}

/** @param instances gateways, or proxies, of each system */
export async function startSystems(run: DistributionRun, instances: number): Promise<Systems> {
  await using started = new AsyncDisposableStack();
  const { options, signal } = run;
  const parent = join(run.directory, `${instances}-instances`);
  mkdirSync(parent);
  const names = SYSTEMS.filter((name) => options.systems.has(name));
  const redis = names.some(isOurs) ? started.use(await startBenchRedis(parent, signal)) : null;

  const start = async (name: SystemName): Promise<DistributionSystem> => {
    const directory = join(parent, name);
    mkdirSync(directory);
    const table =
      redis !== null && isOurs(name)
        ? { url: redis.url, prefix: name, slots: options.slots, weights: [] }
        : null;
    const speeds = Array.from({ length: WORKERS }, () => 1);
    const workers = started.use(await startTimedWorkers({ speeds, table }, directory, signal));
    const fronts = await startFronts({ name, instances, redis, workers, directory }, signal);
    for (const front of fronts) started.use(front);
    return {
      ...{ name, workers, inferUrls: fronts.map(({ url }) => `${url}/v2/models/timed/infer`) },
      assertRunning() {
        for (const process of [workers, ...fronts]) process.assertRunning();
      },
    };
  };
  const all = await Promise.all(names.map(start));
  const owned = started.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Place {
  readonly name: SystemName;
  readonly instances: number;
  readonly redis: BenchRedis | null;
  readonly workers: TimedWorkers;
  readonly directory: string;
}

async function startFronts(
  { name, instances, redis, workers, directory }: Place,
  signal: AbortSignal,
): Promise<(OwnedProcess & { readonly url: string })[]> {
  if (isOurs(name)) {
    if (redis === null) throw new Error('gateways need Redis');
    const table = { redis, prefix: name, workers: WORKERS };
    return startGateways({ ...table, count: instances, balance: OURS[name], directory }, signal);
  }
  await using started = new AsyncDisposableStack();
  const start = async (_: unknown, index: number) => {
    const own = join(directory, `instance-${index}`);
    mkdirSync(own);
    return started.use(await startProxyPeer(name, { workers: workers.addresses, directory: own }, signal));
  };
  const proxies = await Promise.all(Array.from({ length: instances }, start));
  // From here on they are the caller's.
  started.move();
  return proxies;
}
