/** Benchmark: a quarter of an hour under load, with a worker killed in each minute: does anything fail, grow or stay? */
import { measureLongRun } from './long-run/measure.ts';
import { HELP, type LongRunOptions, readOptions } from './long-run/options.ts';
import { makeReport } from './long-run/report.ts';
import { renderReport } from './long-run/report-text.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

async function main(options: LongRunOptions, signal: AbortSignal): Promise<void> {
  using directory = makeTemporaryDirectory();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const date = new Date().toISOString();
  const begin = performance.now();
  const samples = await measureLongRun({ options, directory: directory.path, say, signal });
  const { quick, slices, sliceSeconds, load, workers, arrivals, calmMs, seed } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, slices, slice_seconds: sliceSeconds, load, workers, arrivals, calm_ms: calmMs, seed },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:long-run', help: HELP, readOptions, main });
