/** Traefik before HTTP workers: the proxy that many container platforms come with. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import {
  HEALTH_PATH,
  type HealthChecks,
  PATIENCE_MS,
  type ProxyOptions,
  type ProxyProcess,
  startProxy,
} from './start-proxy.ts';
import { knownWheelProgram } from './wheel-programs.ts';

/**
 * Of the strategies that Traefik has, those that look at what workers do. p2c: of two at random the one with fewer
 * requests. leasttime: all are compared by requests, each weighed with the mean time of its last 100 answers in whole
 * milliseconds, which therefore says nothing of models that answer within one.
 */
export type TraefikStrategy = 'p2c' | 'leasttime';

const RETRIED_BODY_BYTES = 65_536;

export interface TraefikOptions extends ProxyOptions {
  readonly strategy?: TraefikStrategy;
}

export async function startTraefik(options: TraefikOptions, signal: AbortSignal): Promise<ProxyProcess> {
  const program = knownWheelProgram('traefik');
  if (program === null) throw new Error('Traefik was not asked for with ensureProxies, or is not to be had');
  const { directory } = options;
  const port = await freePort();
  // JSON is YAML, but is read by the latter's name alone.
  const routes = join(directory, 'traefik-routes.yaml');
  const configuration = join(directory, 'traefik.yaml');
  writeFileSync(routes, JSON.stringify(configureRoutes(options), null, 2));
  const parts = { port, routes, healthChecks: options.healthChecks ?? false };
  writeFileSync(configuration, JSON.stringify(configure(parts), null, 2));
  return startProxy(
    // Go would else run goroutines on both cores: one proxy is to have as much as another.
    'env',
    ['GOMAXPROCS=1', program, `--configFile=${configuration}`],
    { port, logFile: join(directory, 'traefik.log') },
    signal,
  );
}

interface Parts {
  readonly port: number;
  readonly routes: string;
  readonly healthChecks: HealthChecks | false;
}

/**
 * Tuned for this load, by its documentation (3.7). Nothing is logged, measured or asked of the network. As many idle
 * connections to each worker are kept as there may be requests (2 a host is Go's default, 200 Traefik's), for less
 * time than the worker keeps them. No client is cut off while it waits. The experimental fast proxy stays off, as it does
 * for who runs this.
 */
function configure({ port, routes, healthChecks }: Parts) {
  return {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: 'ERROR' },
    entryPoints: {
      front: {
        address: `127.0.0.1:${port}`,
        transport: { respondingTimeouts: { readTimeout: '0s', writeTimeout: '0s', idleTimeout: '180s' } },
      },
    },
    serversTransport: {
      maxIdleConnsPerHost: 1_024,
      forwardingTimeouts: {
        dialTimeout: '1s',
        idleConnTimeout: '60s',
        responseHeaderTimeout: ms(healthChecks ? healthChecks.tryTimeoutMs : PATIENCE_MS),
      },
    },
    providers: { file: { filename: routes, watch: false } },
  };
}

/**
 * All that comes goes to the workers; what did not reach one is tried again at the next choice. Where workers may be unwell,
 * so is what was answered with 5xx, cut off or too late among it.
 */
function configureRoutes({ workers, strategy = 'p2c', healthChecks = false }: TraefikOptions) {
  return {
    http: {
      routers: {
        all: { entryPoints: ['front'], rule: 'PathPrefix(`/`)', middlewares: ['again'], service: 'workers' },
      },
      middlewares: {
        again: {
          retry: {
            attempts: 4,
            // All that models are asked is POST, which may be repeated.
            retryNonIdempotentMethod: true,
            // To send a body again Traefik makes room for the longest, 2 MB by default, for each request: at 200 requests/s
            // that was more than half of what it did. What is longer than this is not sent again.
            ...(healthChecks && { status: ['500-504'], maxRequestBodyBytes: RETRIED_BODY_BYTES }),
          },
        },
      },
      services: {
        workers: {
          loadBalancer: {
            strategy,
            servers: workers.map((address) => ({ url: `http://${address}` })),
            ...(healthChecks && healthOf(healthChecks)),
          },
        },
      },
    },
  };
}

/**
 * Health checks find who is dead or hangs, the first that fails counts. The passive ones find who answers wrongly: five in
 * a row within 10 s (the default) put a worker out, until the next health check goes well.
 */
function healthOf({ intervalMs }: HealthChecks) {
  return {
    healthCheck: {
      path: HEALTH_PATH,
      interval: ms(intervalMs),
      unhealthyInterval: ms(intervalMs),
      timeout: ms(intervalMs),
    },
    passiveHealthCheck: { failureWindow: '10s', maxFailedAttempts: 5 },
  };
}

function ms(milliseconds: number): string {
  return `${milliseconds}ms`;
}
