/** Benchmark: what a failing worker costs the clients of Turntable, and of the proxies that people use. */
import { LOAD, WARM_UP_SECONDS, WORKERS } from './failure/failure-run.ts';
import { measureAll } from './failure/measure.ts';
import { type FailureOptions, HELP, readOptions } from './failure/options.ts';
import { makeReport } from './failure/report.ts';
import { renderReport } from './failure/report-text.ts';
import { ensureProxies, PROXIES } from './peers/proxies.ts';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { startBenchRedis } from './support/redis-server.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: FailureOptions, signal: AbortSignal): Promise<void> {
  if (!ensureTools(['redis-server'], say).has('redis-server'))
    throw new Error('cannot run without redis-server');
  const peers = ensureProxies(
    PROXIES.filter((name) => options.systems.has(name)),
    say,
  );
  using directory = makeTemporaryDirectory();
  const date = new Date().toISOString();
  const begin = performance.now();
  await using redis = await startBenchRedis(directory.path, signal);
  const samples = await measureAll({ options, peers, redis, directory: directory.path, say, signal });
  const { quick, rounds, beforeSeconds, faultSeconds, afterSeconds, serviceMs, abreast, seed } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, rounds, workers: WORKERS, load: LOAD, service_ms: serviceMs, abreast, seed },
      ...{ warm_up_seconds: WARM_UP_SECONDS, before_seconds: beforeSeconds, fault_seconds: faultSeconds },
      ...{ after_seconds: afterSeconds, check_ms: options.checkMs, try_ms: options.tryMs },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:failure', help: HELP, readOptions, main });
