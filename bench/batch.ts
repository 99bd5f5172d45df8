/** Benchmark: a batch of requests on two, four and six workers: how long it takes, and what more workers gain. */
import type { BatchRun } from './batch/batch-run.ts';
import { measureNetworks } from './batch/networks.ts';
import { type BatchOptions, HELP, readOptions } from './batch/options.ts';
import { makeReport } from './batch/report.ts';
import { renderReport } from './batch/report-text.ts';
import { measureTimed } from './batch/timed.ts';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: BatchOptions, signal: AbortSignal): Promise<void> {
  const { parts } = options;
  if (parts.has('timed') && !ensureTools(['redis-server'], say).has('redis-server'))
    throw new Error('cannot run "timed" without redis-server; leave it out with --only');

  using directory = makeTemporaryDirectory();
  const run: BatchRun = { options, directory: directory.path, say, signal };
  const date = new Date().toISOString();
  const begin = performance.now();
  const timed = parts.has('timed') ? await measureTimed(run) : [];
  const networks = await measureNetworks(run);
  const { quick, rounds, networkRounds, requests, concurrent, serviceMs, imageSize } = options;
  const { workers, networkWorkers, systems } = options;
  const report = makeReport([...timed, ...networks], {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, rounds, requests, concurrent, workers, systems: [...systems], parts: [...parts] },
      ...{ service_ms: serviceMs, image_size: imageSize },
      ...{ network_rounds: networkRounds, network_workers: networkWorkers },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:batch', help: HELP, readOptions, main });
