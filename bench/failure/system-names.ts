/** What is compared, and how it is called in results. */
import { PROXIES, PROXY_STRATEGIES, type ProxyName } from '../peers/proxies.ts';

/** With workers on its own channel, and with the HTTP workers that the peers have. */
const OURS = ['turntable', 'turntable-http'] as const;
export const SYSTEM_NAMES = [...OURS, ...PROXIES] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

export const TITLES: Readonly<Record<SystemName, string>> = {
  turntable: 'Turntable',
  'turntable-http': 'Turntable, HTTP workers',
  nginx: `NGINX ${PROXY_STRATEGIES.nginx}`,
  haproxy: `HAProxy ${PROXY_STRATEGIES.haproxy}`,
  envoy: `Envoy ${PROXY_STRATEGIES.envoy}`,
  traefik: `Traefik ${PROXY_STRATEGIES.traefik}`,
};

export function isPeer(name: SystemName): name is ProxyName {
  return PROXIES.some((proxy) => proxy === name);
}
