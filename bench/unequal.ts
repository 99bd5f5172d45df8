/** Benchmark: workers of unequal speed behind the proxies that people use, and behind Turntable. */
import { ensureProxies } from './peers/proxies.ts';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';
import { measureAll } from './unequal/measure.ts';
import { HELP, readOptions, type UnequalOptions } from './unequal/options.ts';
import { makeReport } from './unequal/report.ts';
import { renderReport } from './unequal/report-text.ts';
import { readTraces, TRACES } from './unequal/trace.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(asked: UnequalOptions, signal: AbortSignal): Promise<void> {
  if (asked.policies.length > 0 && !ensureTools(['redis-server'], say).has('redis-server'))
    throw new Error('cannot run without redis-server');
  const peers = [...ensureProxies(asked.peers, say)];
  const traces = asked.traces === null ? null : readTraces(asked.traces);
  if (traces === null && asked.traces !== null) throw new Error(`no traces in ${asked.traces}`);
  const isTrace = (name: string) => TRACES.some((trace) => trace === name);
  if (traces === null && asked.workloads.some(isTrace))
    say('SKIPPED: arrivals replayed from traces, which are not here; name their directory with --traces');
  const workloads = asked.workloads.filter((name) => traces !== null || !isTrace(name));
  const options = { ...asked, workloads, peers };

  using directory = makeTemporaryDirectory();
  const date = new Date().toISOString();
  const begin = performance.now();
  const measured = await measureAll({ options, traces, directory: directory.path, say, signal });
  const { quick, rounds, seconds, scenarios, loads, policies, maxconns, slots, meanMs, abreast } = options;
  const report = makeReport(measured, {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, rounds, seconds, scenarios, workloads, loads, peers, policies, maxconns, slots, abreast },
      ...{ mean_ms: meanMs, run_seconds: Math.round((performance.now() - begin) / 1_000) },
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:unequal', help: HELP, readOptions, main });
