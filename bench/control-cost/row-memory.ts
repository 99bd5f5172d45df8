/** Memory of a gateway by the workers that the table has: those that nobody reaches, and those that it is connected to. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unixEndpoint } from '../../src/channel/endpoint.ts';
import { freePort } from '../../test/support/free-port.ts';
import { waitUntilOk } from '../support/http-ready.ts';
import { startProcess } from '../support/owned-process.ts';
import { ownTicks, readProcessTable, residentMb, TICK_US } from '../support/process-cpu.ts';
import { readLoads } from '../support/read-loads.ts';
import { type BenchRedis, startBenchRedis } from '../support/redis-server.ts';
import { MAIN } from '../support/turntable-server.ts';
import { openBenchTable } from '../table/bench-table.ts';
import { type CostRun, MODEL } from './cost-run.ts';
import { mostConnections } from './file-limit.ts';
import { idleWorkerId, idleWorkerPath } from './idle-worker.ts';
import { makeProbes, type Probes } from './probe-client.ts';

/**
 * unreachable: INACTIVE rows, and nobody listens where they say. connected: ACTIVE rows, and real channels to a few
 * processes that speak for them.
 */
export const ROW_KINDS = ['unreachable', 'connected'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

export interface RowSample {
  readonly kind: RowKind;
  readonly rows: number;
  readonly round: number;
  /** Workers that it said to reach when it was looked at. */
  readonly reached: number;
  /** From its start until it reached all; null: it was not waited for, or did not. */
  readonly reached_after_ms: number | null;
  readonly rss_mb: number;
  readonly rss_after_gc_mb: number;
  /** What is in use after garbage was collected: V8 keeps memory that it grew into, and RSS does not show it. Null: it had no time to say. */
  readonly held_mb: number | null;
  /** CPU of a gateway that is sent nothing, over the second before: pings, signs of life, vain tries to connect. */
  readonly idle_cores_busy: number;
}

const ROWS_PER_PROCESS = 2_500;
/** Few enough for all to be answered before the table counts as away. */
const REGISTERED_AT_ONCE = 100;
const IDLE_MS = 1_000;
const REACH_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5_000;
/** A model has no more workers than that, however many there are in all. */
const ROWS_PER_MODEL = 100;
const POLL_MS = 200;
const IDLE_WORKERS = new URL('./idle-workers.ts', import.meta.url).pathname;

export async function measureRows(run: CostRun): Promise<RowSample[]> {
  const { directory, options, say, signal } = run;
  await using started = new AsyncDisposableStack();
  const redis = started.use(await startBenchRedis(directory, signal));
  const sockets = join(directory, 'idle');
  mkdirSync(sockets);
  const most = mostConnections();
  const sizes = options.rows.filter((rows) => rows <= most);
  for (const rows of options.rows.filter((one) => one > most))
    say(`rows: ${rows} SKIPPED, for this process may open ${most} connections at most (ulimit -Hn)`);
  for (let from = 0; from < Math.max(0, ...sizes); from += ROWS_PER_PROCESS) {
    const count = Math.min(ROWS_PER_PROCESS, Math.max(...sizes) - from);
    const args = [IDLE_WORKERS, sockets, String(from), String(count)];
    const logFile = join(directory, 'idle-workers.log');
    const workers = started.use(await startProcess(process.execPath, args, { logFile, ipc: true }));
    await workers.nextMessage(signal);
  }
  const probes = makeProbes(directory, signal);
  const samples: RowSample[] = [];
  for (const kind of ROW_KINDS) {
    const nowhere = join(directory, 'nowhere');
    for (const rows of sizes)
      await fillTable(redis, { kind, rows, directory: kind === 'connected' ? sockets : nowhere });
  }
  /** What a gateway could not do once takes the same time in vain in every round. */
  const hopeless = new Set<string>();
  for (let round = 1; round <= options.rounds; round++) {
    for (const kind of ROW_KINDS) {
      for (const rows of sizes.filter((one) => !hopeless.has(prefixOf({ kind, rows: one })))) {
        const sample = await measureGateway(run, { redis, probes, kind, rows, round });
        say(
          `rows, ${rows} ${kind}: ${sample.rss_mb.toFixed(0)} MB, ${sample.held_mb?.toFixed(0) ?? '-'} of them held; ` +
            `${sample.reached} reached; ${sample.idle_cores_busy.toFixed(2)} cores busy`,
        );
        samples.push(sample);
        if (kind === 'connected' && sample.reached_after_ms === null) hopeless.add(prefixOf({ kind, rows }));
      }
    }
  }
  return samples;
}

interface Filling {
  readonly kind: RowKind;
  readonly rows: number;
  /** Of the sockets. */
  readonly directory: string;
}

function prefixOf({ kind, rows }: Pick<Filling, 'kind' | 'rows'>): string {
  return `${kind}-${rows}`;
}

/** No worker gives a sign of life, and no controller is there who would mind. */
async function fillTable(redis: BenchRedis, filling: Filling): Promise<void> {
  const { kind, rows, directory } = filling;
  await using opened = new AsyncDisposableStack();
  const table = opened.adopt(await openBenchTable(redis.url, prefixOf(filling)), (one) => one.close());
  for (let index = 0; index < rows; index += ROWS_PER_MODEL) {
    await table.describeModel({
      ...{ id_model: modelOf(index), version: '1', platform: 'bench', max_batch_size: 0 },
      ...{ max_queue_delay_us: 0, idempotent: true },
      signature: { inputs: [], outputs: [], batchable: false },
    });
  }
  const registerOne = async (index: number) => {
    const id_worker = idleWorkerId(index);
    await table.register({
      ...{ id_worker, id_model: modelOf(index), version: '1', slots: 128, node: 'bench', pid: 1, weight: 1 },
      ...{ endpoint: unixEndpoint(idleWorkerPath(directory, index)), supervised: false, revision: 'bench' },
    });
    if (kind === 'connected') await table.transition(id_worker, 'INACTIVE', 'ACTIVE');
  };
  for (let from = 0; from < rows; from += REGISTERED_AT_ONCE) {
    const count = Math.min(REGISTERED_AT_ONCE, rows - from);
    await Promise.all(Array.from({ length: count }, (_, index) => registerOne(from + index)));
  }
}

function modelOf(index: number): string {
  return `${MODEL}-${Math.floor(index / ROWS_PER_MODEL)}`;
}

interface GatewayWanted {
  readonly redis: BenchRedis;
  readonly probes: Probes;
  readonly kind: RowKind;
  readonly rows: number;
  readonly round: number;
}

async function measureGateway(run: CostRun, wanted: GatewayWanted): Promise<RowSample> {
  const { directory, options, signal } = run;
  const { redis, probes, kind, rows, round } = wanted;
  const port = await freePort();
  const prefix = prefixOf(wanted);
  const command = ['--import', probes.preload, MAIN, 'gateway', '--port', String(port)];
  const begin = performance.now();
  await using gateway = await startProcess(
    process.execPath,
    [...command, '--table', redis.url, '--table-prefix', prefix],
    { logFile: join(directory, `gateway-${prefix}-${round}.log`) },
  );
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(REACH_TIMEOUT_MS)]);
  const countReached = async () =>
    [...(await readLoads(redis, prefix)).values()].flat().filter(({ reachable }) => reachable).length;
  let reached_after_ms: number | null = null;
  try {
    await waitUntilOk(`http://127.0.0.1:${port}/v2/health/live`, [gateway], inTime);
    while (kind === 'connected' && reached_after_ms === null) {
      await sleep(POLL_MS, undefined, { signal: inTime });
      if ((await countReached()) === rows) reached_after_ms = performance.now() - begin;
    }
  } catch (error) {
    // Too many for it, and to be told as that.
    if (!inTime.aborted || signal.aborted) throw error;
  }
  gateway.assertRunning();
  await sleep(options.settleMs, undefined, { signal });
  const cpuUs = () => ownTicks(readProcessTable(), gateway.pid) * TICK_US;
  const before = { us: cpuUs(), atMs: performance.now() };
  await sleep(IDLE_MS, undefined, { signal });
  const idle_cores_busy = (cpuUs() - before.us) / 1_000 / (performance.now() - before.atMs);
  const rss_mb = residentMb(gateway.pid);
  const heap = await askHeap(probes, gateway.pid);
  return {
    ...{ kind, rows, round, reached: await countReached(), reached_after_ms },
    ...{
      rss_mb,
      rss_after_gc_mb: residentMb(gateway.pid),
      held_mb: heap && (heap.heapUsed + heap.external) / 1e6,
    },
    idle_cores_busy,
  };
}

/** Null when it is too busy to say. */
async function askHeap(probes: Probes, pid: number) {
  const tooLate = sleep(ANSWER_TIMEOUT_MS, null, { ref: false });
  const heap = await Promise.race([probes.ask(pid, 'collect').catch(() => null), tooLate]);
  return heap?.[0] ?? null;
}
