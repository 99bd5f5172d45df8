/** Shows that no request waits on Redis: load in seconds before, while, and after Redis stands still. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchRedis } from '../support/redis-server.ts';
import { runWrk, type WrkResult } from '../support/wrk.ts';
import type { TableRun } from './table-run.ts';

/** After a freeze the table is read anew; that is to be over before the next second is measured. */
const RECOVER_MS = 1_000;

interface SecondOfLoad {
  readonly requests_per_second: number;
  readonly p50_us: number;
  readonly p99_us: number;
  readonly max_us: number;
  readonly failed: number;
}

export interface FreezeSample {
  readonly round: number;
  readonly before: SecondOfLoad;
  /** Redis was stopped before its first request and went on after its last. */
  readonly frozen: SecondOfLoad;
  readonly after: SecondOfLoad;
}

export async function measureFreezes(run: TableRun, url: string, redis: BenchRedis): Promise<FreezeSample[]> {
  const { bodiesFile, options, say, signal } = run;
  const second = async () =>
    toSecond(await runWrk({ url, bodiesFile, connections: options.connections, seconds: 1 }, signal));
  const samples: FreezeSample[] = [];
  for (let round = 1; round <= options.freezes; round++) {
    await second();
    const before = await second();
    redis.freeze();
    const frozen = await second().finally(() => redis.thaw());
    const after = await second();
    await sleep(RECOVER_MS, undefined, { signal });
    const show = ({ requests_per_second, p99_us }: SecondOfLoad) =>
      `${Math.round(requests_per_second)} requests/s, p99 ${p99_us} us`;
    say(`  before ${show(before)}; Redis frozen ${show(frozen)}; after ${show(after)}`);
    samples.push({ round, before, frozen, after });
  }
  return samples;
}

function toSecond(result: WrkResult): SecondOfLoad {
  return {
    requests_per_second: (result.requests * 1e6) / result.durationUs,
    p50_us: result.p50Us,
    p99_us: result.p99Us,
    max_us: result.maxUs,
    failed: Object.values(result.failed).reduce((sum, count) => sum + count, 0),
  };
}
