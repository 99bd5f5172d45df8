/** Benchmark: what the control table on Redis costs, and how fast and how evenly gateways act by it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureTools } from './support/debian-tools.ts';
import { makeFraudRequests } from './support/fraud-requests.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';
import { measureCommandRates } from './table/command-rate.ts';
import { measureDistribution } from './table/distribution.ts';
import { HELP, type Part, readOptions, type TableOptions } from './table/options.ts';
import { measurePropagation } from './table/propagation.ts';
import { makeReport } from './table/report.ts';
import { renderReport } from './table/report-text.ts';
import { measureTableCost } from './table/table-cost.ts';
import type { TableRun } from './table/table-run.ts';
import { measureTicks } from './table/tick-cost.ts';

/** As in the benchmark of the overhead: 2 KB each. */
const BODIES = 512;
const ROWS_PER_REQUEST = 4;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: TableOptions, signal: AbortSignal): Promise<void> {
  const tools = ensureTools(['wrk', 'redis-server'], say);
  if (tools.size < 2) throw new Error('cannot run without wrk and redis-server');

  using directory = makeTemporaryDirectory();
  const { bodies } = makeFraudRequests(BODIES, ROWS_PER_REQUEST);
  const bodiesFile = join(directory.path, 'bodies.ndjson');
  writeFileSync(bodiesFile, bodies.map((body) => `${body}\n`).join(''));
  const run: TableRun = { options, directory: directory.path, bodies, bodiesFile, say, signal };

  const date = new Date().toISOString();
  const begin = performance.now();
  const measured = async <T>(part: Part, measure: (run: TableRun) => Promise<T>): Promise<T | null> =>
    options.parts.has(part) ? measure(run) : null;
  const samples = {
    cost: await measured('cost', measureTableCost),
    commands: (await measured('commands', measureCommandRates)) ?? [],
    propagation: (await measured('propagation', measurePropagation)) ?? [],
    ticks: (await measured('ticks', measureTicks)) ?? [],
    distribution: (await measured('distribution', measureDistribution)) ?? [],
  };
  const { rounds, seconds, connections, changes, quick } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, rounds, seconds, connections, changes, rows_per_request: ROWS_PER_REQUEST },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:table', help: HELP, readOptions, main });
