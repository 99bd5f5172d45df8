/** Benchmark: capacity and latency beside servers of models, and beside the published design. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPEN_CONNECTIONS } from './servers/latency.ts';
import { measureAll } from './servers/measure.ts';
import { HELP, readOptions, type ServersOptions } from './servers/options.ts';
import { makeReport } from './servers/report.ts';
import { renderReport } from './servers/report-text.ts';
import { WORKERS } from './servers/servers-run.ts';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';
import { makeBodies } from './users/bodies.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: ServersOptions, signal: AbortSignal): Promise<void> {
  if (!ensureTools(['wrk'], say).has('wrk')) throw new Error('cannot run without wrk');
  using directory = makeTemporaryDirectory();
  const { bodies, source } = makeBodies('alike', options.rows, options.seed);
  const bodiesFile = join(directory.path, 'bodies.ndjson');
  writeFileSync(bodiesFile, bodies.map((body) => `${body}\n`).join(''));
  const date = new Date().toISOString();
  const begin = performance.now();
  const samples = await measureAll({ options, bodies, bodiesFile, directory: directory.path, say, signal });
  const { quick, rounds, seconds, openSeconds, loads, connections, rows, seed } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, workers: WORKERS, rounds, seconds, open_seconds: openSeconds, loads, connections, seed },
      ...{ open_connections: OPEN_CONNECTIONS, rows_per_request: rows, bodies_from: source },
      ...{
        distinct_bodies: bodies.length,
        body_bytes_mean: Math.round(bodies.join('').length / bodies.length),
      },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:servers', help: HELP, readOptions, main });
