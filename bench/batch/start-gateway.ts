/** A gateway of Turntable before workers that stand in a table already. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import { waitUntilOk } from '../support/http-ready.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import { readLoads } from '../support/read-loads.ts';
import type { BenchRedis } from '../support/redis-server.ts';
import { MAIN } from '../support/turntable-server.ts';
import { PATIENT } from './batch-run.ts';

const POLL_MS = 50;
const REACHED_TIMEOUT_MS = 20_000;

export interface GatewayPlace {
  readonly redis: BenchRedis;
  /** Of the table. */
  readonly prefix: string;
  /** How many are in it. */
  readonly workers: number;
  readonly backs: OwnedProcess;
  /** For its log. */
  readonly directory: string;
}

/** Resolves once it reaches all of them: it is ready with one, and a batch begins with all. */
export async function startGateway(
  { redis, prefix, workers, backs, directory }: GatewayPlace,
  signal: AbortSignal,
): Promise<OwnedProcess & { readonly url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const table = ['--table', redis.url, '--table-prefix', prefix];
  const gateway = await startProcess(
    process.execPath,
    [MAIN, 'gateway', '--port', String(port), ...table, ...PATIENT],
    { logFile: join(directory, `${prefix}-gateway.log`) },
  );
  try {
    await waitUntilOk(`${url}/v2/models/timed/ready`, [gateway, backs], signal);
    const givesUpAt = performance.now() + REACHED_TIMEOUT_MS;
    while ((await countReached(redis, prefix)) < workers) {
      if (performance.now() > givesUpAt) throw new Error('a gateway does not reach all its workers');
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    await gateway[Symbol.asyncDispose]();
    throw error;
  }
  return { ...gateway, url };
}

async function countReached(redis: BenchRedis, prefix: string): Promise<number> {
  const loads = [...(await readLoads(redis, prefix)).values()].flat();
  return loads.filter(({ reachable }) => reachable).length;
}
