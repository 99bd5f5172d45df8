/** HAProxy with leastconn before HTTP workers, that holds requests back when told how many a worker takes, or not. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/http-ready.ts';
import { type ProxyProcess, startProxy } from './start-proxy.ts';

export interface HaproxyOptions {
  /** `host:port` of each. */
  readonly workers: readonly string[];
  /** Requests that a worker gets at once, beyond which they wait in HAProxy for whichever is free first; null: any number. */
  readonly maxconn: number | null;
  /** Of its own. */
  readonly directory: string;
}

export async function startHaproxy(
  { workers, maxconn, directory }: HaproxyOptions,
  signal: AbortSignal,
): Promise<ProxyProcess> {
  const port = await freePort();
  const configuration = join(directory, 'haproxy.cfg');
  writeFileSync(configuration, configure(port, workers, maxconn));
  // -db: in the foreground, one process that ends with its parent's signal.
  return startProxy(
    'haproxy',
    ['-db', '-f', configuration],
    { port, logFile: join(directory, 'haproxy.log') },
    signal,
  );
}

/**
 * Tuned for this load, by its configuration manual (2.6). One thread, as the gateway has one, so that its counts are
 * never those of one thread of several. Connections to workers are kept (`http-keep-alive`), shared by all clients
 * from their first request on (`http-reuse always`, safe as every worker lets them live longer than we do), and not
 * thinned out while a run lasts (`pool-purge-delay`). No time-out is shorter than the longest queue that a burst
 * leaves: a request that waits is answered at last, as it is by the others. `abortonclose` drops what waits when its
 * client is gone. Nothing is logged, and no health checks take a worker's turn.
 */
function configure(port: number, workers: readonly string[], maxconn: number | null): string {
  const limit = maxconn === null ? '' : ` maxconn ${maxconn}`;
  return `
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  option http-keep-alive
  option abortonclose
  http-reuse always
  timeout connect 5s
  timeout client 120s
  timeout http-keep-alive 75s
  timeout server 120s
  timeout queue 120s
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend workers
backend workers
  balance leastconn
  default-server pool-purge-delay 75s${limit}
${workers.map((address, index) => `  server worker-${index} ${address}`).join('\n')}
`;
}
