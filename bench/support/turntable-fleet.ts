/** Turntable in its separate roles over one Redis: gateways, and workers kept by a controller or by nobody. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerLoad } from '../../src/table/load-statement.ts';
import { waitUntilOk } from './http-ready.ts';
import type { MeasuredSystem } from './measured-system.ts';
import { type OwnedProcess, startProcess } from './owned-process.ts';
import { ownTicks, treeTicks } from './process-cpu.ts';
import { readLoads } from './read-loads.ts';
import type { BenchRedis } from './redis-server.ts';
import { copyModels, MAIN } from './turntable-server.ts';

const TIMED_WORKERS = new URL('../table/timed-workers.ts', import.meta.url).pathname;
const POLL_MS = 50;
const START_TIMEOUT_MS = 60_000;

export interface FleetOptions {
  readonly redis: BenchRedis;
  readonly model: string;
  /** The model repository to copy it from. */
  readonly repository: string;
  readonly gateways: number;
  readonly workers: number;
  /**
   * Who keeps the workers: a controller; nobody, so that nobody changes their status; or one process of them all, with a
   * service that takes time and no CPU.
   */
  readonly workerKind: 'controlled' | 'by hand' | 'timed';
  /** Tells tables apart that share the Redis. */
  readonly prefix: string;
  /** A module that each gateway loads before its own, with a channel to this process. */
  readonly preload?: string;
  /** For files; the caller removes it. */
  readonly directory: string;
}

export interface TurntableFleet extends MeasuredSystem {
  readonly gateways: readonly OwnedProcess[];
  /** Of each gateway. */
  readonly inferUrls: readonly string[];
  /** What the gateways have said in the table, of each worker. */
  readLoads(): Promise<Map<string, WorkerLoad[]>>;
}

/** Starts them, and waits until every gateway reaches every worker. */
export async function startFleet(options: FleetOptions, signal: AbortSignal): Promise<TurntableFleet> {
  await using started = new AsyncDisposableStack();
  const { redis, model, prefix, preload } = options;
  const directory = mkdtempSync(join(options.directory, 'fleet-'));
  const models = options.workerKind === 'timed' ? [] : [model];
  const repository = copyModels({ models, repository: options.repository }, directory);
  const table = ['--table', redis.url, '--table-prefix', prefix];
  const logOf = (name: string) => join(directory, `${name}.log`);
  const start = async (
    role: string,
    args: readonly string[],
    { name = role, before = [] }: { name?: string; before?: readonly string[] } = {},
  ) => {
    const logFile = logOf(name);
    const command = [...before, MAIN, role, ...args, ...table];
    return started.use(await startProcess(process.execPath, command, { logFile, ipc: before.length > 0 }));
  };

  const startWorkers = async () => {
    const count = String(options.workers);
    switch (options.workerKind) {
      case 'controlled':
        return [await start('controller', [repository, '--replicas', count])];
      case 'by hand': {
        const one = () => start('worker', [model, '--repository', repository]);
        return Promise.all(Array.from({ length: options.workers }, one));
      }
      case 'timed': {
        const command = [TIMED_WORKERS, redis.url, prefix, count];
        return [started.use(await startProcess(process.execPath, command, { logFile: logOf('timed') }))];
      }
    }
  };
  const backs = await startWorkers();
  const before = preload === undefined ? [] : ['--import', preload];
  const names = Array.from({ length: options.gateways }, (_, index) => `gateway-${index}`);
  const gateways = await Promise.all(
    names.map((name) => start('gateway', ['--port', '0'], { name, before })),
  );
  const urls: string[] = [];
  for (const [index, gateway] of gateways.entries()) {
    const address = await readAddress(logOf(names[index] as string), gateway, signal);
    urls.push(`${address}/v2/models/${model}`);
  }
  for (const url of urls) await waitUntilOk(`${url}/ready`, [...backs, ...gateways], signal);

  const isWhole = async () => {
    const loads = [...(await readLoads(redis, prefix)).values()];
    const reached = loads.flat().filter(({ reachable }) => reachable).length;
    return loads.length === options.workers && reached === options.workers * options.gateways;
  };
  const givesUpAt = performance.now() + START_TIMEOUT_MS;
  while (!(await isWhole())) {
    if (performance.now() > givesUpAt) throw new Error('not every gateway reaches every worker');
    await sleep(POLL_MS, undefined, { signal });
  }

  const owned = started.move();
  return {
    name: 'gateway role, redis',
    inferUrl: `${urls[0]}/infer`,
    inferUrls: urls.map((url) => `${url}/infer`),
    gateways,
    readLoads: () => readLoads(redis, prefix),
    cpuTicks: (processes) => ({
      gateway: gateways.reduce((sum, { pid }) => sum + ownTicks(processes, pid), 0),
      workers: backs.reduce((sum, { pid }) => sum + treeTicks(processes, pid), 0),
    }),
    assertRunning() {
      for (const one of [...backs, ...gateways]) one.assertRunning();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Where a gateway listens, by what it prints once it does. */
async function readAddress(logFile: string, gateway: OwnedProcess, signal: AbortSignal): Promise<string> {
  const givesUpAt = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    gateway.assertRunning();
    const address = /^Turntable gateway .* at (http:\S+)$/m.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (address !== undefined) return address;
    if (performance.now() > givesUpAt) throw new Error(`a gateway did not say where it listens: ${logFile}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}
