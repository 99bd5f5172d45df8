/** Starts a system before four workers of its own, all of them new. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startProxyPeer } from '../peers/proxies.ts';
import { waitUntilOk } from '../support/http-ready.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import { MAIN } from '../support/turntable-server.ts';
import { untilReached } from '../unequal/until-reached.ts';
import { type FailureRun, WORKERS } from './failure-run.ts';
import { isPeer, type SystemName } from './system-names.ts';
import { type BreakableWorker, type HttpWorker, startChannelWorker, startHttpWorker } from './workers.ts';

/** As those of bench:faults have: more than a worker here can use. */
const SLOTS = 32;
const MAX_REQUESTS = 64;
const MODEL = 'timed';

export interface FailureSystem extends AsyncDisposable {
  readonly name: SystemName;
  readonly inferUrl: string;
  readonly workers: readonly BreakableWorker[];
  /** Throws when what stands before the workers has ended. */
  assertRunning(): void;
}

interface Front extends AsyncDisposable {
  readonly url: string;
  readonly workers: readonly BreakableWorker[];
  readonly processes: readonly OwnedProcess[];
}

export async function startSystem(run: FailureRun, name: SystemName): Promise<FailureSystem> {
  const directory = mkdtempSync(join(run.directory, `${name}-`));
  const front = await startFront(run, name, directory);
  return {
    name,
    inferUrl: `${front.url}/v2/models/${MODEL}/infer`,
    workers: front.workers,
    assertRunning() {
      for (const process of front.processes) process.assertRunning();
    },
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  };
}

async function startFront(run: FailureRun, name: SystemName, directory: string): Promise<Front> {
  const { options, signal } = run;
  await using started = new AsyncDisposableStack();
  const startWorkers = async () => {
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, () => startHttpWorker(0, directory, signal)),
    );
    return workers.map((worker) => started.use(worker));
  };
  if (isPeer(name)) {
    const workers = await startWorkers();
    const healthChecks = { intervalMs: options.checkMs, tryTimeoutMs: options.tryMs };
    const addresses = workers.map(({ address }) => address);
    const proxy = started.use(
      await startProxyPeer(name, { workers: addresses, directory, healthChecks }, signal),
    );
    return owning(started, { url: proxy.url, workers, processes: [proxy] });
  }
  const workers = name === 'turntable-http' ? await startWorkers() : null;
  const turntable = started.use(await startTurntable(run, workers, directory));
  return owning(started, turntable);
}

function owning(started: AsyncDisposableStack, front: Omit<Front, typeof Symbol.asyncDispose>): Front {
  const owned = started.move();
  return { ...front, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** @param attached HTTP workers that are there already; null: workers on its own channel */
async function startTurntable(
  run: FailureRun,
  attached: readonly HttpWorker[] | null,
  directory: string,
): Promise<Front> {
  const { redis, options, signal } = run;
  await using started = new AsyncDisposableStack();
  const prefix = directory.slice(run.directory.length + 1);
  const start = async (role: string, args: readonly string[]) => {
    const table = ['--table', redis.url, '--table-prefix', prefix];
    const logFile = join(directory, `${role}.log`);
    return started.use(await startProcess(process.execPath, [MAIN, role, ...args, ...table], { logFile }));
  };
  const repository = join(directory, 'models');
  mkdirSync(repository);
  const port = await freePort();
  const controller = start('controller', [repository]);
  const gateway = start('gateway', ['--port', String(port)]);
  const attaching = (attached ?? []).map(({ address }) =>
    start('attach', [`http://${address}`, '--model', MODEL]),
  );
  const settings = {
    ...{ table: redis.url, prefix, slots: SLOTS, maxRequests: MAX_REQUESTS },
    ...{ serviceMs: options.serviceMs, service: 'constant' as const },
  };
  const own = Array.from({ length: attached === null ? WORKERS : 0 }, async (_, index) =>
    started.use(await startChannelWorker(settings, index, directory, signal)),
  );
  const processes = await Promise.all([controller, gateway, ...attaching]);
  const workers = attached ?? (await Promise.all(own));
  const url = `http://127.0.0.1:${port}`;
  await waitUntilOk(`${url}/v2/models/${MODEL}/ready`, processes, signal);
  await untilReached(redis, prefix, WORKERS, signal);
  return owning(started, { url, workers, processes });
}
