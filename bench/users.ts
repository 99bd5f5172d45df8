/** Benchmark: latency and throughput with more and more concurrent users, of Turntable and of proxies before plain workers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';
import { type Bodies, makeBodies, SERIES, type Series } from './users/bodies.ts';
import { measureAll } from './users/measure.ts';
import { COMPARED_USERS, HELP, readOptions, type UsersOptions } from './users/options.ts';
import { makeReport } from './users/report.ts';
import { renderReport } from './users/report-text.ts';
import { systemsToBeHad, WORKERS } from './users/systems.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(asked: UsersOptions, signal: AbortSignal): Promise<void> {
  if (!ensureTools(['wrk'], say).has('wrk')) throw new Error('cannot run without wrk');
  const options = { ...asked, systems: systemsToBeHad(asked.systems, say) };
  for (const name of asked.systems) {
    if (!options.systems.has(name)) say(`SKIPPED: ${name}, which is not to be had here`);
  }

  using directory = makeTemporaryDirectory();
  const bodies = Object.fromEntries(
    SERIES.map((series) => [series, makeBodies(series, options.rows, options.seed)]),
  ) as Record<Series, Bodies>;
  const bodiesFiles = {
    alike: join(directory.path, 'alike.ndjson'),
    mixed: join(directory.path, 'mixed.ndjson'),
  };
  for (const series of SERIES) {
    writeFileSync(bodiesFiles[series], bodies[series].bodies.map((body) => `${body}\n`).join(''));
  }
  const date = new Date().toISOString();
  const begin = performance.now();
  const samples = await measureAll({ options, bodies, bodiesFiles, directory: directory.path, say, signal });
  const { quick, rounds, seconds, users, rows, seed } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, workers: WORKERS, rounds, seconds, users, seed, rows_per_request: rows },
      ...{ mean_rows_mixed: bodies.mixed.meanRows, bodies_from: bodies.alike.source },
      ...{ distinct_bodies: bodies.alike.bodies.length, compared_users: COMPARED_USERS },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:users', help: HELP, readOptions, main });
