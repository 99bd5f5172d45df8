/** NGINX with least_conn before HTTP workers: what most people put before a model today. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { treeTicks } from '../support/process-cpu.ts';
import { startPlainWorker } from './start-plain-worker.ts';
import { PATIENCE_MS, type ProxyOptions, type ProxyProcess, startProxy } from './start-proxy.ts';

export async function startNginx(
  modelFile: string,
  workerCount: number,
  directory: string,
  signal: AbortSignal,
): Promise<MeasuredSystem> {
  await using started = new AsyncDisposableStack();
  const ownDirectory = mkdtempSync(join(directory, 'nginx-'));
  const workers = await Promise.all(
    Array.from({ length: workerCount }, async (_, index) =>
      started.use(
        await startPlainWorker(modelFile, join(ownDirectory, `worker-${index}.sock`), ownDirectory, signal),
      ),
    ),
  );
  const addresses = workers.map((worker) => worker.address);
  const proxy = started.use(await startNginxProxy({ workers: addresses, directory: ownDirectory }, signal));

  const owned = started.move();
  return {
    name: 'nginx',
    inferUrl: `${proxy.url}/v2/models/fraud/infer`,
    cpuTicks: (table) => ({
      gateway: treeTicks(table, proxy.pid),
      workers: workers.reduce((sum, worker) => sum + treeTicks(table, worker.pid), 0),
    }),
    assertRunning() {
      for (const process of [proxy, ...workers]) process.assertRunning();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export interface NginxOptions extends ProxyOptions {
  /** By what it chooses; round_robin is what NGINX does when told nothing. */
  readonly rule?: 'least_conn' | 'round_robin';
}

/**
 * NGINX alone, before workers that run already.
 * @param options a worker's address may also be `unix:/path`
 */
export async function startNginxProxy(options: NginxOptions, signal: AbortSignal): Promise<ProxyProcess> {
  const { directory } = options;
  const port = await freePort();
  const configuration = join(directory, 'nginx.conf');
  writeFileSync(configuration, configure(port, options));
  mkdirSync(join(directory, 'logs'));
  return startProxy(
    'nginx',
    ['-p', directory, '-c', configuration, '-e', join(directory, 'error.log')],
    { port, logFile: join(directory, 'nginx.log') },
    signal,
  );
}

/**
 * Tuned for this load. One NGINX process: it needs far less than a core, and on two cores that the workers and
 * the load generator share a second one only adds switches. No connection is ever closed for its number of
 * requests, and idle ones to the workers close here before they close there. Nothing is logged and nothing touches
 * a disk.
 *
 * Free NGINX asks no worker for its health; it learns from requests alone (`max_fails`, `fail_timeout`: as they are by
 * default, the first failure puts a worker out for 10 s). Where workers may be unwell what failed is tried at the next,
 * POST too (`non_idempotent`), and so is what took too long or was answered with 5xx.
 */
function configure(port: number, options: NginxOptions): string {
  const { workers, directory, healthChecks = false, rule = 'least_conn' } = options;
  const tryTimeoutMs = healthChecks ? healthChecks.tryTimeoutMs : PATIENCE_MS;
  const asRoot = process.getuid?.() === 0;
  return `
daemon off;
${asRoot ? 'user root;' : ''}
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events {
  worker_connections 16384;
  multi_accept on;
}
http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  client_max_body_size 64m;
  client_body_buffer_size 64k;
  client_body_temp_path ${directory}/client_body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  upstream workers {
    ${rule === 'least_conn' ? 'least_conn;' : ''}
${workers.map((address) => `    server ${address};`).join('\n')}
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 60s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://workers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering on;
      proxy_buffer_size 8k;
      proxy_request_buffering on;
      proxy_connect_timeout ${healthChecks ? '1s' : '60s'};
      proxy_read_timeout ${tryTimeoutMs}ms;
      proxy_next_upstream error timeout${healthChecks ? ' http_500 http_502 http_503 http_504 non_idempotent' : ''};
    }
  }
}
`;
}
