/** Benchmark: where the CPU of a request goes, and what the table, its rows and idle connections cost. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureConnections } from './control-cost/connection-memory.ts';
import type { CostRun } from './control-cost/cost-run.ts';
import { measureCpu } from './control-cost/cpu-by-part.ts';
import { type ControlCostOptions, HELP, readOptions } from './control-cost/options.ts';
import { makeReport } from './control-cost/report.ts';
import { renderReport } from './control-cost/report-text.ts';
import { measureRows } from './control-cost/row-memory.ts';
import { measureCommands } from './control-cost/table-calls.ts';
import { ensureTools } from './support/debian-tools.ts';
import { makeFraudRequests } from './support/fraud-requests.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

/** As in the benchmark of the overhead: 2 KB each. */
const BODIES = 512;
const ROWS_PER_REQUEST = 4;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: ControlCostOptions, signal: AbortSignal): Promise<void> {
  const tools = ensureTools(['wrk', 'redis-server', 'nginx'], say);
  if (!tools.has('wrk') || !tools.has('redis-server'))
    throw new Error('cannot run without wrk and redis-server');

  using directory = makeTemporaryDirectory();
  const { bodies } = makeFraudRequests(BODIES, ROWS_PER_REQUEST);
  const bodiesFile = join(directory.path, 'bodies.ndjson');
  writeFileSync(bodiesFile, bodies.map((body) => `${body}\n`).join(''));
  const run: CostRun = { options, tools, directory: directory.path, bodies, bodiesFile, say, signal };

  const date = new Date().toISOString();
  const begin = performance.now();
  const { parts } = options;
  const cpu = parts.has('cpu') || parts.has('table') ? await measureCpu(run) : null;
  const [commands, rows, connections] = await inOrder(options.quick, [
    async () => (parts.has('table') ? measureCommands(run) : null),
    async () => (parts.has('rows') ? measureRows(run) : null),
    async () => (parts.has('connections') ? measureConnections(run) : null),
  ] as const);
  const samples = { cpu, commands, rows, connections };
  const { quick, rounds, seconds, idleConnections, seed } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{
        quick,
        rounds,
        seconds,
        connections: options.connections,
        idle_connections: idleConnections,
        seed,
      },
      ...{ rows_per_request: ROWS_PER_REQUEST, paces: options.paces, table_rows: options.rows },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

type Outcomes<Tasks extends readonly (() => Promise<unknown>)[]> = {
  -readonly [Index in keyof Tasks]: Awaited<ReturnType<Tasks[Index]>>;
};

/** One after the other; or, where the figures mean less than the time, side by side. */
async function inOrder<const Tasks extends readonly (() => Promise<unknown>)[]>(
  sideBySide: boolean,
  tasks: Tasks,
): Promise<Outcomes<Tasks>> {
  const outcomes: unknown[] = [];
  if (!sideBySide) for (const task of tasks) outcomes.push(await task());
  else {
    // All of them end before what they share is taken away.
    for (const settled of await Promise.allSettled(tasks.map((task) => task()))) {
      if (settled.status === 'rejected') throw settled.reason;
      outcomes.push(settled.value);
    }
  }
  return outcomes as Outcomes<Tasks>;
}

await runBenchmark({ name: 'bench:control-cost', help: HELP, readOptions, main });
