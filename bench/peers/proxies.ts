/** The proxies that people put before models today, each of which is started in the same way. */
import { ensureTools } from '../support/debian-tools.ts';
import { startEnvoy } from './envoy.ts';
import { startHaproxy } from './haproxy.ts';
import { startNginxProxy } from './nginx.ts';
import type { ProxyOptions, ProxyProcess } from './start-proxy.ts';
import { startTraefik } from './traefik.ts';
import { ensureWheelProgram } from './wheel-programs.ts';

export const PROXIES = ['nginx', 'haproxy', 'envoy', 'traefik'] as const;
export type ProxyName = (typeof PROXIES)[number];

/** How each chooses among workers, as its own documentation calls it. */
export const PROXY_STRATEGIES: Readonly<Record<ProxyName, string>> = {
  nginx: 'least_conn',
  haproxy: 'leastconn',
  envoy: 'LEAST_REQUEST',
  traefik: 'p2c',
};

/** Returns those that are there, after trying to install those that are not; says which are missing. */
export function ensureProxies(names: readonly ProxyName[], say: (line: string) => void): Set<ProxyName> {
  return new Set(names.filter((name) => ensureProxy(name, say)));
}

function ensureProxy(name: ProxyName, say: (line: string) => void): boolean {
  switch (name) {
    case 'nginx':
    case 'haproxy':
      return ensureTools([name], say).has(name);
    case 'envoy':
    case 'traefik':
      return ensureWheelProgram(name, say) !== null;
  }
}

/** Resolves once it answers. Only for what `ensureProxies` has found. */
export function startProxyPeer(
  name: ProxyName,
  options: ProxyOptions,
  signal: AbortSignal,
): Promise<ProxyProcess> {
  switch (name) {
    case 'nginx':
      return startNginxProxy(options, signal);
    case 'haproxy':
      return startHaproxy(options, signal);
    case 'envoy':
      return startEnvoy(options, signal);
    case 'traefik':
      return startTraefik(options, signal);
  }
}
