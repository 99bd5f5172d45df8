/** Benchmark: how evenly gateways, and proxies, spread requests over equal workers, and what becomes of the slow ones. */
import { INSTANCES } from './distribution/instances.ts';
import { measureAll } from './distribution/measure.ts';
import { type DistributionOptions, HELP, readOptions } from './distribution/options.ts';
import { makeReport } from './distribution/report.ts';
import { renderReport } from './distribution/report-text.ts';
import { systemsToBeHad, WORKERS } from './distribution/systems.ts';
import { CLOSED_CONNECTIONS, LARGEST_BURST, LOAD } from './distribution/workload.ts';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(asked: DistributionOptions, signal: AbortSignal): Promise<void> {
  if (!ensureTools(['redis-server'], say).has('redis-server'))
    throw new Error('cannot run without redis-server');
  const options = { ...asked, systems: systemsToBeHad(asked.systems, say) };
  for (const name of asked.systems) {
    if (!options.systems.has(name)) say(`SKIPPED: ${name}, which is not to be had here`);
  }

  using directory = makeTemporaryDirectory();
  const date = new Date().toISOString();
  const begin = performance.now();
  const samples = await measureAll({ options, directory: directory.path, say, signal });
  const { quick, rounds, requests, meanMs, slots, seed, abreast } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{
        quick,
        workers: WORKERS,
        instances: INSTANCES,
        rounds,
        requests,
        mean_ms: meanMs,
        slots,
        seed,
        abreast,
      },
      ...{ closed_connections: CLOSED_CONNECTIONS, largest_burst: LARGEST_BURST, load: LOAD },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:distribution', help: HELP, readOptions, main });
