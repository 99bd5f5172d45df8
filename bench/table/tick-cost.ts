/** What one exchange of load costs, by the number of workers: CPU of the gateway and of Redis. */
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import { type BenchRedis, startBenchRedis } from '../support/redis-server.ts';
import { spreadOf } from '../support/statistics.ts';
import { openBenchTable } from './bench-table.ts';
import type { TableRun } from './table-run.ts';

const TICK_PROCESS = resolve(import.meta.dirname, 'tick-process.ts');
const GATEWAYS = 4;
export const ROWS = [10, 100, 1_000] as const;
const WARM_UP_MS = 800;

/** To a process, which answers with a {@link TickMeasurement}. */
export interface TickRequest {
  readonly url: string;
  readonly prefix: string;
  readonly changing: number;
  readonly warmUpMs: number;
  readonly ms: number;
}

export interface TickMeasurement {
  readonly ticks: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
  /** Times that the table did not answer for so long that it counted as away. */
  readonly outages: number;
  /** Of no meaning; it shows that what others say was read. */
  readonly heard: number;
}

export interface TickSample {
  readonly rows: number;
  readonly changing: number;
  /** Microseconds of CPU of one gateway, median of the four. */
  readonly gateway_us: number;
  readonly gateway_us_of_each: readonly number[];
  /** Microseconds of CPU at Redis for one exchange. */
  readonly redis_us: number;
  /** Of each gateway; 100 where nothing is slow. */
  readonly ticks_per_second: number;
  readonly redis_cores_busy: number;
  /** Of the table, to all gateways: anything but 0 means that the machine was too busy for these figures. */
  readonly outages: number;
}

export async function measureTicks(run: TableRun): Promise<TickSample[]> {
  const { directory, signal } = run;
  await using started = new AsyncDisposableStack();
  const redis = started.use(await startBenchRedis(directory, signal));
  const gateways = await Promise.all(
    Array.from({ length: GATEWAYS }, async () => {
      const logFile = join(directory, 'tick-process.log');
      const gateway = started.use(
        await startProcess(process.execPath, [TICK_PROCESS], { logFile, ipc: true }),
      );
      await gateway.nextMessage(signal);
      return gateway;
    }),
  );
  // The first of all is not counted: its code is not compiled yet.
  const samples: TickSample[] = [];
  await register(ROWS[1], redis, 'warm-up');
  await measureOne({ rows: ROWS[1], changing: 1, prefix: 'warm-up' }, gateways, redis, run);
  for (const rows of ROWS) {
    const prefix = `rows-${rows}`;
    await register(rows, redis, prefix);
    for (const changing of run.options.changing) {
      const sample = await measureOne({ rows, changing, prefix }, gateways, redis, run);
      run.say(
        `ticks, ${rows} rows, ${changing * 100} % changing: ${Math.round(sample.gateway_us)} us gateway, ` +
          `${Math.round(sample.redis_us)} us Redis, ${Math.round(sample.ticks_per_second)} ticks/s at each gateway`,
      );
      samples.push(sample);
    }
  }
  return samples;
}

async function register(rows: number, redis: BenchRedis, prefix: string): Promise<void> {
  const table = await openBenchTable(redis.url, prefix);
  const ids = Array.from({ length: rows }, (_, index) => `fraud-1-${String(index).padStart(12, '0')}`);
  const registrations = ids.map((id_worker) =>
    table.register({
      ...{
        id_worker,
        id_model: 'fraud',
        version: '1',
        endpoint: `turntable+unix:///run/t/${id_worker}.sock`,
      },
      ...{ slots: 128, node: 'bench', pid: 1, supervised: false, revision: 'bench', weight: 1 },
    }),
  );
  await Promise.all(registrations);
  await table.close();
}

async function measureOne(
  { rows, changing, prefix }: { rows: number; changing: number; prefix: string },
  gateways: readonly OwnedProcess[],
  redis: BenchRedis,
  { options, signal }: TableRun,
): Promise<TickSample> {
  const request: TickRequest = {
    ...{ url: redis.url, prefix, changing },
    ...{ warmUpMs: WARM_UP_MS, ms: options.tickMs },
  };
  const answers = gateways.map((gateway) => {
    gateway.child.send(request);
    return gateway.nextMessage(signal) as Promise<TickMeasurement>;
  });
  const all = Promise.all(answers);
  await Promise.race([all, sleep(WARM_UP_MS, undefined, { signal })]);
  const before = await redis.counts();
  await Promise.race([all, sleep(options.tickMs, undefined, { signal })]);
  const after = await redis.counts();
  const measurements = await all;

  const seconds = (after.atMs - before.atMs) / 1_000;
  const rates = measurements.map(({ ticks, elapsedMs }) => (ticks * 1_000) / elapsedMs);
  const redisUs = after.cpuUs - before.cpuUs;
  const gateway_us_of_each = measurements.map(({ ticks, cpuUs }) => cpuUs / ticks);
  return {
    ...{ rows, changing, gateway_us: spreadOf(gateway_us_of_each)!.median, gateway_us_of_each },
    redis_us: redisUs / seconds / rates.reduce((sum, rate) => sum + rate, 0),
    ticks_per_second: spreadOf(rates)!.median,
    redis_cores_busy: redisUs / 1e6 / seconds,
    outages: measurements.reduce((sum, { outages }) => sum + outages, 0),
  };
}
