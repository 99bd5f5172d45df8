/** Ray Serve with the fraud model: two replicas that batch, behind the HAProxy that it brings. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import { descendantsOf, type ProcessTable, treeTicks } from '../../support/process-cpu.ts';
import { ensurePython } from '../../support/python-environment.ts';
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts';
import { type ModelServer, ONNXRUNTIME, type ServerStart, startModelServer } from '../model-server.ts';

const VERSION = '2.60.0';
const REQUIREMENTS = [`ray[serve]==${VERSION}`, ONNXRUNTIME, 'orjson==3.13.0'];
/** How Ray calls the processes that infer. */
const REPLICA = /^ray::ServeReplica/;

/**
 * Ray's own mode for throughput: HAProxy in C in the place of its proxy in Python, straight to the replicas, and
 * handlers on the replica's own event loop. One thread of HAProxy as with the other proxies here: it needs far less
 * than a core. Replicas are not "nice", as Ray starts them otherwise: they would yield to the load generator.
 * What else is tuned stands in fraud_app.py.
 */
const TUNING = {
  ...{ RAY_SERVE_ENABLE_HA_PROXY: '1', RAY_SERVE_THROUGHPUT_OPTIMIZED: '1', RAY_SERVE_HAPROXY_NBTHREAD: '1' },
  ...{
    RAY_SERVE_HAPROXY_METRICS_ENABLED: '0',
    RAY_worker_niceness: '0',
    OMP_NUM_THREADS: '1',
    RAY_USAGE_STATS_ENABLED: '0',
  },
};

/** @returns null, after a line that says why, when it cannot be had */
export async function startRayServe({
  workers,
  fraudModel,
  ...start
}: ServerStart): Promise<ModelServer | null> {
  const python = ensurePython('ray-serve', REQUIREMENTS, start.say);
  if (python === null) return null;
  await using started = new AsyncDisposableStack();
  // Right below the system's: paths of sockets must be short, and these are long.
  const { path } = started.use(makeTemporaryDirectory());
  const [port, metricsPort, statsPort] = [await freePort(), await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}/fraud`;
  const server = started.use(
    await startModelServer(
      {
        ...{ name: 'ray-serve', version: VERSION },
        command: [
          ...[join(python.bin, 'python'), join(import.meta.dirname, 'fraud_app.py')],
          ...[fraudModel, String(port), String(workers), path],
        ],
        environment: {
          ...TUNING,
          RAY_SERVE_HAPROXY_METRICS_PORT: String(metricsPort),
          RAY_SERVE_HAPROXY_STATS_PORT: String(statsPort),
          RAY_SERVE_HAPROXY_CONFIG_FILE_LOC: join(path, 'haproxy.cfg'),
          RAY_SERVE_HAPROXY_SOCKET_PATH: join(path, 'admin.sock'),
          RAY_SERVE_HAPROXY_SERVER_STATE_BASE: path,
          RAY_SERVE_HAPROXY_SERVER_STATE_FILE: join(path, 'server-state'),
        },
        ...{ readyUrl: url, inferUrl: url },
        logFile: join(start.directory, 'ray-serve.log'),
        cpuTicks(table, pid) {
          const ofReplicas = replicasOf(table, pid).reduce((sum, one) => sum + treeTicks(table, one), 0);
          return { gateway: treeTicks(table, pid) - ofReplicas, workers: ofReplicas };
        },
      },
      start.signal,
    ),
  );
  const owned = started.move();
  return { ...server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function replicasOf(table: ProcessTable, pid: number): number[] {
  return descendantsOf(table, pid).filter((one) => REPLICA.test(commandLineOf(one)));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
