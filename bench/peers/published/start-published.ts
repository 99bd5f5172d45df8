/** The published design, "AECC, the Control-Centered ML Execution Architecture", written by us after its description. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import { waitUntilOk } from '../../support/http-ready.ts';
import { startProcess } from '../../support/owned-process.ts';
import { treeTicks } from '../../support/process-cpu.ts';
import { ensurePython, type PythonEnvironment } from '../../support/python-environment.ts';
import { startBenchRedis } from '../../support/redis-server.ts';
import { type ModelServer, ONNXRUNTIME, type ServerStart } from '../model-server.ts';

const FASTAPI = '0.165.0';
/**
 * uvicorn with its event loop and parser in C, and Redis's parser in C. httpx looks for sniffio at every request, and
 * through the whole path of packages each time, where it is not there.
 */
const REQUIREMENTS = [
  ...[`fastapi==${FASTAPI}`, 'uvicorn==0.54.0', 'uvloop==0.23.0', 'httptools==0.9.0', 'httpx==0.28.1'],
  ...['sniffio==1.3.1', 'redis==8.1.0', 'hiredis==3.5.0', 'orjson==3.13.0', 'scikit-learn==1.9.1'],
  ...['numpy==2.4.6', ONNXRUNTIME],
];

/**
 * With workers that run a forest of scikit-learn, as published. It is like ours in size, so its answers are other ones.
 * @returns null, after a line that says why, when it cannot be had
 */
export async function startPublished(start: ServerStart): Promise<ModelServer | null> {
  const python = ensurePython('published', REQUIREMENTS, start.say);
  const forest = python === null ? null : ensureForest(python, start.say);
  return python === null || forest === null ? null : startDesign('published', python, forest, start);
}

/** The same design with workers that run the ONNX model of all others: what is left to the design alone. */
export async function startPublishedOnnx(start: ServerStart): Promise<ModelServer | null> {
  const python = ensurePython('published', REQUIREMENTS, start.say);
  return python === null ? null : startDesign('published-onnx', python, start.fraudModel, start);
}

/**
 * One control module before the workers, as described; it and they are processes of uvicorn of their own, and nothing
 * is logged for each request. Redis keeps the table in memory alone and is reached over a Unix socket.
 */
async function startDesign(
  name: string,
  python: PythonEnvironment,
  model: string,
  { directory, workers: count, signal }: ServerStart,
): Promise<ModelServer> {
  await using started = new AsyncDisposableStack();
  const own = mkdtempSync(join(directory, 'published-'));
  const redis = started.use(await startBenchRedis(own, signal));
  const startApp = async (app: string, port: number, environment: Readonly<Record<string, string>>) =>
    started.use(
      await startProcess(
        'env',
        [
          ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
          ...['PYTHONDONTWRITEBYTECODE=1', 'OMP_NUM_THREADS=1', join(python.bin, 'python'), '-m', 'uvicorn'],
          ...[`${app}:app`, '--app-dir', import.meta.dirname, '--host', '127.0.0.1', '--port', String(port)],
          ...['--loop', 'uvloop', '--http', 'httptools', '--no-access-log', '--log-level', 'warning'],
          ...['--timeout-keep-alive', '75', '--backlog', '4096'],
        ],
        { logFile: join(own, `${app}-${port}.log`) },
      ),
    );

  const controlPort = await freePort();
  const CONTROL_URL = `http://127.0.0.1:${controlPort}`;
  // As Python's client spells a socket.
  const REDIS_URL = redis.url.replace('redis+unix:', 'unix:');
  const control = await startApp('control', controlPort, { REDIS_URL });
  const workers = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const port = await freePort();
      const OWN_URL = `http://127.0.0.1:${port}`;
      return startApp('worker', port, {
        ...{ CONTROL_URL, OWN_URL, ID_WORKER: `worker-${index}`, MODEL_FILE: model },
      });
    }),
  );
  const processes = [control, ...workers];
  await waitUntilOk(`${CONTROL_URL}/ready/fraud/${count}`, processes, signal);

  const owned = started.move();
  return {
    name,
    version: `of ours, fastapi ${FASTAPI}`,
    inferUrl: `${CONTROL_URL}/predict/fraud`,
    cpuTicks: (table) => ({
      gateway: treeTicks(table, control.pid) + treeTicks(table, redis.pid),
      workers: workers.reduce((sum, { pid }) => sum + treeTicks(table, pid), 0),
    }),
    assertRunning() {
      for (const process of processes) process.assertRunning();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The path of the forest, which is trained once and kept with the environment whose packages made it. */
function ensureForest({ bin, root }: PythonEnvironment, say: (line: string) => void): string | null {
  const file = join(root, 'forest.joblib');
  if (existsSync(file)) return file;
  say('training the forest of the published design, once');
  const training = spawnSync(join(bin, 'python'), [join(import.meta.dirname, 'train_forest.py'), file], {
    encoding: 'utf8',
  });
  if (training.status === 0) return file;
  say(
    `MISSING: the forest of the published design; it is skipped: ${training.stderr.trim().split('\n').at(-1)}`,
  );
  return null;
}
