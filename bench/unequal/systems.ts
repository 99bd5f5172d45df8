/** Starts what is compared, each system before workers of its own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { PROXIES, type ProxyName, startProxyPeer } from '../peers/proxies.ts';
import type { ProxyProcess } from '../peers/start-proxy.ts';
import { startTraefik } from '../peers/traefik.ts';
import { waitUntilOk } from '../support/http-ready.ts';
import { startProcess } from '../support/owned-process.ts';
import { type BenchRedis, startBenchRedis } from '../support/redis-server.ts';
import { MAIN } from '../support/turntable-server.ts';
import type { UnequalOptions } from './options.ts';
import { type Scenario, SPEEDS } from './scenarios.ts';
import { startTimedWorkers, type TimedWorkers } from './start-timed-workers.ts';
import { untilReached } from './until-reached.ts';

/** What a system is, as results tell. */
export interface SystemKind {
  readonly name: string;
  /** Null for Turntable. */
  readonly peer: ProxyName | null;
  /** Of Turntable; null for a peer. */
  readonly policy: string | null;
  /** HAProxy's limit a worker; null where there is none. */
  readonly maxconn: number | null;
}

export interface UnequalSystem extends SystemKind {
  readonly inferUrl: string;
  assertRunning(): void;
}

export interface Systems extends AsyncDisposable {
  readonly all: readonly UnequalSystem[];
}

export const NGINX = 'nginx least_conn';
export const HAPROXY = 'haproxy leastconn';
export const ENVOY = 'envoy LEAST_REQUEST';
export const TRAEFIK_P2C = 'traefik p2c';
export const TRAEFIK_LEASTTIME = 'traefik leasttime';

/** Nothing is refused by any system only because it waits: who waits long shows as slow. */
const PATIENT = ['--max-wait-ms', '110000', '--request-timeout-ms', '120000'];

/** Traefik twice: one strategy goes by how many requests a worker has, as the other peers do, one by how fast it is too. */
function systemKinds({ policies, maxconns, peers }: UnequalOptions): SystemKind[] {
  const peer = (of: ProxyName, name: string, maxconn: number | null = null): SystemKind => {
    return { name, peer: of, policy: null, maxconn };
  };
  const ofPeer: Readonly<Record<ProxyName, readonly SystemKind[]>> = {
    nginx: [peer('nginx', NGINX)],
    haproxy: [
      peer('haproxy', HAPROXY),
      ...maxconns.map((maxconn) => peer('haproxy', `${HAPROXY}, maxconn ${maxconn}`, maxconn)),
    ],
    envoy: [peer('envoy', ENVOY)],
    traefik: [peer('traefik', TRAEFIK_P2C), peer('traefik', TRAEFIK_LEASTTIME)],
  };
  return [
    ...PROXIES.filter((name) => peers.includes(name)).flatMap((name) => ofPeer[name]),
    ...policies.map((policy) => ({ name: `turntable ${policy}`, peer: null, policy, maxconn: null })),
  ];
}

/** Each scenario has its own: what a system learned of the workers of one it must not know in the next. */
export async function startSystems(
  scenario: Scenario,
  options: UnequalOptions,
  parent: string,
  signal: AbortSignal,
): Promise<Systems> {
  await using started = new AsyncDisposableStack();
  const redis = options.policies.length === 0 ? null : started.use(await startBenchRedis(parent, signal));

  const start = async (kind: SystemKind, index: number): Promise<UnequalSystem> => {
    const directory = join(parent, `${scenario}-${index}`);
    mkdirSync(directory);
    const prefix = `bench-${index}`;
    const weights = weightsOf(kind, scenario);
    const table =
      kind.policy === null || redis === null
        ? null
        : { url: redis.url, prefix, slots: options.slots, weights };
    const workers = started.use(
      await startTimedWorkers({ speeds: SPEEDS[scenario], table }, directory, signal),
    );
    const front = started.use(await startFront(kind, { redis, prefix, workers, directory }, signal));
    return {
      ...kind,
      inferUrl: `${front.url}/v2/models/timed/infer`,
      assertRunning() {
        for (const process of [workers, front]) process.assertRunning();
      },
    };
  };
  const all = await Promise.all(systemKinds(options).map(start));
  const owned = started.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The one policy that goes by what an operator says is told the truth; all others find out, or do not. */
function weightsOf({ policy }: SystemKind, scenario: Scenario): number[] {
  return SPEEDS[scenario].map((speed) => (policy === 'weighted-least-connections' ? 10 * speed : 1));
}

interface Place {
  readonly redis: BenchRedis | null;
  readonly prefix: string;
  readonly workers: TimedWorkers;
  readonly directory: string;
}

function startFront(kind: SystemKind, place: Place, signal: AbortSignal): Promise<ProxyProcess> {
  const options = { workers: place.workers.addresses, directory: place.directory, maxconn: kind.maxconn };
  if (kind.name === TRAEFIK_LEASTTIME) return startTraefik({ ...options, strategy: 'leasttime' }, signal);
  if (kind.peer !== null) return startProxyPeer(kind.peer, options, signal);
  if (kind.policy !== null) return startGateway(kind.policy, place, signal);
  throw new Error(`neither a peer nor a policy: ${kind.name}`);
}

async function startGateway(policy: string, place: Place, signal: AbortSignal) {
  const { redis, prefix, workers, directory } = place;
  if (redis === null) throw new Error('a gateway needs Redis');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const table = ['--table', redis.url, '--table-prefix', prefix];
  const gateway = await startProcess(
    process.execPath,
    [MAIN, 'gateway', '--port', String(port), ...table, '--balance', policy, ...PATIENT],
    { logFile: join(directory, 'gateway.log') },
  );
  try {
    await waitUntilOk(`${url}/v2/models/timed/ready`, [gateway, workers], signal);
    await untilReached(redis, prefix, workers.addresses.length, signal);
  } catch (error) {
    await gateway[Symbol.asyncDispose]();
    throw error;
  }
  return { ...gateway, url };
}
