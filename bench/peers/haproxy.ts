/** HAProxy with leastconn before HTTP workers, that holds requests back when told how many a worker takes, or not. */
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

export async function startHaproxy(options: ProxyOptions, signal: AbortSignal): Promise<ProxyProcess> {
  const port = await freePort();
  const configuration = join(options.directory, 'haproxy.cfg');
  writeFileSync(configuration, configure(port, options));
  // -db: in the foreground, one process that ends with its parent's signal.
  return startProxy(
    'haproxy',
    ['-db', '-f', configuration],
    { port, logFile: join(options.directory, 'haproxy.log') },
    signal,
  );
}

/**
 * Tuned for this load, by its configuration manual (2.6). One thread, as the gateway has one, so that its counts are
 * never those of one thread of several. Connections to workers are kept (`http-keep-alive`), shared by all clients
 * from their first request on (`http-reuse always`, safe as every worker lets them live longer than we do), and not
 * thinned out while a run lasts (`pool-purge-delay`). No time-out is shorter than the longest queue that a burst
 * leaves: a request that waits is answered at last, as it is by the others. `abortonclose` drops what waits when its
 * client is gone. Nothing is logged, and no health checks take a worker's turn unless asked for.
 */
function configure(port: number, { workers, maxconn = null, healthChecks = false }: ProxyOptions): string {
  const limit = maxconn === null ? '' : ` maxconn ${maxconn}`;
  const tryTimeoutMs = healthChecks ? healthChecks.tryTimeoutMs : PATIENCE_MS;
  return `
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  option http-keep-alive
  option abortonclose
  http-reuse always
  timeout connect ${healthChecks ? '1s' : '5s'}
  timeout client 120s
  timeout http-keep-alive 75s
  timeout server ${tryTimeoutMs}ms
  timeout queue 120s
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend workers
backend workers
  balance leastconn
${healthChecks ? backendHealth(healthChecks) : ''}
  default-server pool-purge-delay 75s${limit}${healthChecks ? serverHealth(healthChecks) : ''}
${workers.map((address, index) => `  server worker-${index} ${address}`).join('\n')}
`;
}

/**
 * Whatever may be tried again is, at once at another worker (`redispatch 1`); POST too, which L7 retries include unless
 * forbidden.
 */
function backendHealth({ intervalMs }: HealthChecks): string {
  return `
  option httpchk GET ${HEALTH_PATH}
  timeout check ${intervalMs}ms
  option redispatch 1
  retries 3
  retry-on all-retryable-errors`;
}

/**
 * Health checks find who is dead or hangs; the observation of answers finds who answers wrongly: marked down at the fifth
 * in a row, until two health checks have gone well.
 */
function serverHealth({ intervalMs }: HealthChecks): string {
  return ` check inter ${intervalMs}ms fall 2 rise 2 observe layer7 error-limit 5 on-error mark-down`;
}
