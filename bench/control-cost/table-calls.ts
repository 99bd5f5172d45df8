/** Operations of the control table per request: calls to the one in memory, and commands at Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TurntableServer } from '../support/turntable-server.ts';
import { runWrk } from '../support/wrk.ts';
import { type CommandSample, measureCommandRates } from '../table/command-rate.ts';
import { readOptions as readTableOptions } from '../table/options.ts';
import type { CostRun } from './cost-run.ts';
import type { Probes } from './probe-client.ts';

/** Under load before counting begins, and under load still when it ends. */
const MARGIN_MS = 400;

export interface TableCallSample {
  readonly wanted_requests_per_second: number;
  readonly requests_per_second: number;
  readonly failed: number;
  /** To the table in memory, by name. */
  readonly calls_per_second: Readonly<Record<string, number>>;
}

export async function measureTableCalls(
  run: CostRun,
  server: TurntableServer,
  probes: Probes,
): Promise<TableCallSample[]> {
  const { bodiesFile, options, say, signal } = run;
  const samples: TableCallSample[] = [];
  const count = async () => {
    // The table is in the main thread, which answers first.
    const [calls = {}] = await probes.ask(server.gatewayPid, 'countCalls');
    return { calls, atMs: performance.now() };
  };
  await count();
  for (const pace of options.paces) {
    const load = runWrk(
      {
        url: server.inferUrl,
        bodiesFile,
        connections: options.connections,
        seconds: options.seconds + 1,
        pace,
      },
      signal,
    );
    // When waiting fails, the load is already known to fail.
    load.catch(() => {});
    await sleep(MARGIN_MS, undefined, { signal });
    const before = await count();
    await sleep(options.seconds * 1_000, undefined, { signal });
    const after = await count();
    const result = await load;
    const seconds = (after.atMs - before.atMs) / 1_000;
    const rates = Object.entries(after.calls)
      .map(([name, calls]) => [name, (calls - (before.calls[name] ?? 0)) / seconds] as const)
      .filter(([, rate]) => rate > 0)
      .toSorted(([, a], [, b]) => b - a);
    const sample: TableCallSample = {
      wanted_requests_per_second: pace,
      requests_per_second: (result.requests * 1e6) / result.durationUs,
      failed: Object.values(result.failed).reduce((sum, one) => sum + one, 0),
      calls_per_second: Object.fromEntries(rates),
    };
    say(
      `table in memory, ${Math.round(sample.requests_per_second)} requests/s: ` +
        `${callsPerRequest(sample).toFixed(4)} calls per request`,
    );
    samples.push(sample);
  }
  return samples;
}

export function callsPerRequest({ calls_per_second, requests_per_second }: TableCallSample): number {
  return Object.values(calls_per_second).reduce((sum, rate) => sum + rate, 0) / requests_per_second;
}

/** By the means of the table's own benchmark, with one gateway. */
export function measureCommands(run: CostRun): Promise<CommandSample[]> {
  const { options, directory, bodies, bodiesFile, say, signal } = run;
  const ofTable = readTableOptions(['--only', 'commands']);
  if (!ofTable) throw new Error('the benchmark of the table takes no options');
  const { connections, models, seconds, warmUpSeconds, paces } = options;
  const tableOptions = { ...ofTable, connections, models, seconds, warmUpSeconds, commandGateways: [1] };
  return measureCommandRates({ options: tableOptions, directory, bodies, bodiesFile, say, signal }, paces);
}
