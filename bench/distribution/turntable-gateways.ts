/** Turntable's gateways before HTTP workers that stand in a table by themselves. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import { waitUntilOk } from '../support/http-ready.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import { readLoads } from '../support/read-loads.ts';
import type { BenchRedis } from '../support/redis-server.ts';
import { MAIN } from '../support/turntable-server.ts';

const POLL_MS = 50;
const REACHED_TIMEOUT_MS = 20_000;

export interface GatewayOptions {
  readonly count: number;
  readonly redis: BenchRedis;
  readonly prefix: string;
  /** Of the default policy where null. */
  readonly balance: string | null;
  /** Workers in the table. */
  readonly workers: number;
  readonly directory: string;
}

export interface Gateway extends OwnedProcess {
  readonly url: string;
}

/** Resolves when each gateway reaches each worker: it is ready with one already. */
export async function startGateways(options: GatewayOptions, signal: AbortSignal): Promise<Gateway[]> {
  const { count, redis, prefix, balance, workers, directory } = options;
  await using started = new AsyncDisposableStack();
  const flags = ['--table', redis.url, '--table-prefix', prefix];
  if (balance !== null) flags.push('--balance', balance);
  const start = async (_: unknown, index: number): Promise<Gateway> => {
    const port = await freePort();
    const logFile = join(directory, `gateway-${index}.log`);
    const command = [MAIN, 'gateway', '--port', String(port), ...flags];
    const gateway = started.use(await startProcess(process.execPath, command, { logFile }));
    return { ...gateway, url: `http://127.0.0.1:${port}` };
  };
  const gateways = await Promise.all(Array.from({ length: count }, start));
  for (const { url } of gateways) await waitUntilOk(`${url}/v2/models/timed/ready`, gateways, signal);
  const givesUpAt = performance.now() + REACHED_TIMEOUT_MS;
  for (;;) {
    const loads = [...(await readLoads(redis, prefix)).values()].flat();
    if (loads.filter(({ reachable }) => reachable).length === workers * count) break;
    if (performance.now() > givesUpAt) throw new Error('a gateway does not reach all its workers');
    await sleep(POLL_MS, undefined, { signal });
  }
  // From here on they are the caller's.
  started.move();
  return gateways;
}
