/** Starts what is compared: Turntable with workers of its own, and the peers, who share four plain HTTP workers. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startNginxProxy } from '../peers/nginx.ts';
import {
  ensureProxies,
  PROXIES,
  PROXY_STRATEGIES,
  type ProxyName,
  startProxyPeer,
} from '../peers/proxies.ts';
import { startPlainWorker } from '../peers/start-plain-worker.ts';
import type { ProxyOptions, ProxyProcess } from '../peers/start-proxy.ts';
import type { LoadTarget } from '../support/measure-load.ts';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { type ProcessTable, treeTicks } from '../support/process-cpu.ts';
import { startTurntable } from '../support/turntable-server.ts';
import type { UsersRun } from './users-run.ts';

/** Of Turntable, and of the peers together: only one of them is measured at a time. */
export const WORKERS = 4;

const OURS = ['turntable', 'turntable-round-robin'] as const;
export const PEERS = ['nginx', 'nginx-round-robin', 'haproxy', 'envoy', 'traefik'] as const;
export const SYSTEMS = [...OURS, ...PEERS] as const;
export type PeerName = (typeof PEERS)[number];
export type SystemName = (typeof SYSTEMS)[number];

export const TITLES: Readonly<Record<SystemName, string>> = {
  turntable: 'Turntable',
  'turntable-round-robin': 'Turntable round-robin',
  nginx: `NGINX ${PROXY_STRATEGIES.nginx}`,
  'nginx-round-robin': 'NGINX round robin',
  haproxy: `HAProxy ${PROXY_STRATEGIES.haproxy}`,
  envoy: `Envoy ${PROXY_STRATEGIES.envoy}`,
  traefik: `Traefik ${PROXY_STRATEGIES.traefik}`,
};

export interface UsersSystem extends MeasuredSystem {
  readonly name: SystemName;
  /** All others that run beside it: no process is in it twice, and none of its own. */
  readonly idle: LoadTarget['idle'];
}

export interface Systems extends AsyncDisposable {
  readonly all: readonly UsersSystem[];
}

/** Those of the given systems that can be had here, after trying to install what they need. */
export function systemsToBeHad(
  wanted: ReadonlySet<SystemName>,
  say: (line: string) => void,
): ReadonlySet<SystemName> {
  const proxies = PROXIES.filter((name) =>
    SYSTEMS.some((system) => wanted.has(system) && needs(system) === name),
  );
  const there = ensureProxies(proxies, say);
  return new Set(
    SYSTEMS.filter((system) => {
      const proxy = needs(system);
      return wanted.has(system) && (proxy === null || there.has(proxy));
    }),
  );
}

function needs(system: SystemName): ProxyName | null {
  if (system === 'nginx-round-robin') return 'nginx';
  return PROXIES.find((name) => name === system) ?? null;
}

/**
 * Starts them once; they stay up, idle, while others are measured. Starting them anew for each round would measure
 * compilers and caches that are still cold.
 */
export async function startSystems(run: UsersRun): Promise<Systems> {
  await using started = new AsyncDisposableStack();
  const { options, directory, signal } = run;
  const turntable = async (name: (typeof OURS)[number], flags: readonly string[]) => {
    const server = { models: ['fraud'], repository: options.models, replicas: WORKERS, directory };
    return started.use(await startTurntable({ ...server, name, flags }, signal));
  };
  const ours = [
    ...(options.systems.has('turntable') ? [await turntable('turntable', [])] : []),
    ...(options.systems.has('turntable-round-robin')
      ? [await turntable('turntable-round-robin', ['--balance', 'round-robin'])]
      : []),
  ];
  const wanted = PEERS.filter((name) => options.systems.has(name));
  const model = join(options.models, 'fraud/1/model.onnx');
  const startWorker = async () => started.use(await startPlainWorker(model, 0, directory, signal));
  const workers = await Promise.all(Array.from({ length: wanted.length === 0 ? 0 : WORKERS }, startWorker));
  const ticksOfWorkers = (table: ProcessTable) =>
    workers.reduce((sum, { pid }) => sum + treeTicks(table, pid), 0);
  const peers: MeasuredSystem[] = [];
  for (const name of wanted) {
    const own = join(directory, name);
    mkdirSync(own);
    const front = { workers: workers.map(({ address }) => address), directory: own };
    const proxy = started.use(await startPeer(name, front, signal));
    peers.push({
      name,
      inferUrl: `${proxy.url}/v2/models/fraud/infer`,
      cpuTicks: (table) => ({ gateway: treeTicks(table, proxy.pid), workers: ticksOfWorkers(table) }),
      assertRunning() {
        for (const process of [proxy, ...workers]) process.assertRunning();
      },
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    });
  }

  const all = [...ours, ...peers].map((system): UsersSystem => {
    const isOther = ({ name }: MeasuredSystem) => name !== system.name;
    const proxies = peers.filter(isOther).map(({ cpuTicks }) => ({
      cpuTicks: (table: ProcessTable) => ({ ...cpuTicks(table), workers: 0 }),
    }));
    const shared = { cpuTicks: (table: ProcessTable) => ({ gateway: 0, workers: ticksOfWorkers(table) }) };
    return {
      ...system,
      name: system.name as SystemName,
      idle: [...ours.filter(isOther), ...proxies, ...(peers.includes(system) ? [] : [shared])],
    };
  });
  const owned = started.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function startPeer(name: PeerName, options: ProxyOptions, signal: AbortSignal): Promise<ProxyProcess> {
  if (name === 'nginx-round-robin') return startNginxProxy({ ...options, rule: 'round_robin' }, signal);
  return startProxyPeer(name, options, signal);
}
