/** The system that is broken: Redis, one gateway, one controller; and the workers that come and go. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TIMED_MODEL } from '../../test/support/channel-worker.ts';
import { freePort } from '../../test/support/free-port.ts';
import { waitUntilOk } from '../support/http-ready.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import { ownTicks, readProcessTable, TICK_US } from '../support/process-cpu.ts';
import { startBenchRedis } from '../support/redis-server.ts';
import type {
  TimedWorkerCommand,
  TimedWorkerReport,
  TimedWorkerSettings,
} from '../support/timed-worker-process.ts';
import { MAIN } from '../support/turntable-server.ts';
import type { FaultsRun } from './faults-run.ts';
import type { Turn } from './observe-gateway.ts';

const OBSERVER = new URL('./observe-gateway.ts', import.meta.url).pathname;
const WORKER_PROCESS = new URL('../support/timed-worker-process.ts', import.meta.url).pathname;
const PREFIX = 'faults';
const SLOTS = 32;
const MAX_REQUESTS = 64;
const POLL_MS = 20;
const START_TIMEOUT_MS = 30_000;

export interface FaultWorker extends AsyncDisposable {
  readonly id_worker: string;
  readonly process: OwnedProcess;
  /** When requests came to it, as far as it has told: milliseconds of the epoch. */
  readonly arrivals: readonly number[];
  /** It tells at each command which requests came until then. */
  tell(command: TimedWorkerCommand): Promise<void>;
}

export interface FaultFleet extends AsyncDisposable {
  readonly inferUrl: string;
  /** Of the gateway's process, in microseconds since it began. */
  gatewayCpuUs(): number;
  /** Resolves when the table shows it ACTIVE. */
  startWorker(ports?: Pick<TimedWorkerSettings, 'port' | 'advertisedPort'>): Promise<FaultWorker>;
  /** When the gateway ceased to send to a worker and began again, of all that there were. */
  readonly turns: readonly Turn[];
  /** Resolves when the gateway may send to all of these. */
  whenUsed(id_workers: readonly string[]): Promise<void>;
  assertRunning(): void;
}

export async function startFaultFleet(run: FaultsRun): Promise<FaultFleet> {
  const { signal, options } = run;
  await using started = new AsyncDisposableStack();
  const directory = mkdtempSync(join(run.directory, 'fleet-'));
  const repository = join(directory, 'models');
  mkdirSync(repository);
  const redis = started.use(await startBenchRedis(run.directory, signal));
  const start = async (role: string, args: readonly string[], before: readonly string[] = []) => {
    const command = [...before, MAIN, role, ...args, '--table', redis.url, '--table-prefix', PREFIX];
    const logFile = join(directory, `${role}.log`);
    return started.use(await startProcess(process.execPath, command, { logFile, ipc: before.length > 0 }));
  };
  const controller = await start('controller', [repository]);
  const port = await freePort();
  const gateway = await start('gateway', ['--port', String(port)], ['--import', OBSERVER]);
  const turns: Turn[] = [];
  gateway.child.on('message', (turn: Turn) => turns.push(turn));
  await waitUntilOk(`http://127.0.0.1:${port}/v2/health/live`, [controller, gateway], signal);
  const owned = started.move();
  const isUsed = (id: string) => turns.findLast(({ id_worker }) => id_worker === id)?.standing === null;
  let workers = 0;

  const fleet: FaultFleet = {
    inferUrl: `http://127.0.0.1:${port}/v2/models/${TIMED_MODEL}/infer`,
    gatewayCpuUs: () => ownTicks(readProcessTable(), gateway.pid) * TICK_US,
    turns,
    async startWorker(ports = {}) {
      const id_worker = `${TIMED_MODEL}-1-${++workers}-${process.pid}`;
      const { serviceMs, service } = options;
      const settings = {
        table: redis.url,
        prefix: PREFIX,
        id_worker,
        slots: SLOTS,
        maxRequests: MAX_REQUESTS,
      };
      return startWorkerProcess({ ...settings, serviceMs, service, ...ports }, directory, signal);
    },
    async whenUsed(id_workers) {
      const givesUpAt = performance.now() + START_TIMEOUT_MS;
      while (!id_workers.every(isUsed)) {
        fleet.assertRunning();
        if (performance.now() > givesUpAt) throw new Error('the gateway does not use all workers');
        await sleep(POLL_MS, undefined, { signal });
      }
    },
    assertRunning() {
      for (const one of [controller, gateway]) one.assertRunning();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return fleet;
}

async function startWorkerProcess(
  settings: TimedWorkerSettings,
  directory: string,
  signal: AbortSignal,
): Promise<FaultWorker> {
  const { id_worker } = settings;
  const logFile = join(directory, `${id_worker}.log`);
  const command = [WORKER_PROCESS, JSON.stringify(settings)];
  const worker = await startProcess(process.execPath, command, { logFile, ipc: true });
  try {
    await worker.nextMessage(signal);
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
  const arrivals: number[] = [];
  return {
    id_worker,
    process: worker,
    arrivals,
    async tell(said) {
      const answer = worker.nextMessage(signal);
      worker.child.send(said);
      arrivals.push(...((await answer) as TimedWorkerReport).arrivals);
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
