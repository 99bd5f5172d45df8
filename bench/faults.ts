/** Benchmark: what clients see while workers die, hang, slow down and lie, and while more comes than can be served. */
import { type Capacity, measureCapacity } from './faults/capacity.ts';
import { type FaultFleet, startFaultFleet } from './faults/fault-fleet.ts';
import { type FaultsRun, LOAD, WORKERS } from './faults/faults-run.ts';
import { measureWorkerFault, type WorkerFaultSample } from './faults/measure-fault.ts';
import {
  type FaultsOptions,
  HELP,
  OVERLOADS,
  type OverloadName,
  readOptions,
  WORKER_FAULTS,
} from './faults/options.ts';
import { measureOverload, type OverloadSample } from './faults/overload.ts';
import { makeReport } from './faults/report.ts';
import { renderReport } from './faults/report-text.ts';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: FaultsOptions, signal: AbortSignal): Promise<void> {
  const tools = ensureTools(['redis-server'], say);
  if (tools.size < 1) throw new Error('cannot run without redis-server');

  using directory = makeTemporaryDirectory();
  const run: FaultsRun = { options, directory: directory.path, say, signal };
  const date = new Date().toISOString();
  const begin = performance.now();
  await using fleet = await startFaultFleet(run);
  const faults = await measureWorkerFaults(run, fleet);
  const { capacity, overload } = await measureOverloads(run, fleet);
  const { quick, warmUpSeconds, seconds, faultSeconds, overloadSeconds, serviceMs, service, seed } = options;
  const report = makeReport(
    { capacity, faults, overload },
    {
      date,
      machine: describeMachine(),
      settings: {
        ...{ quick, workers: WORKERS, load: LOAD, warm_up_seconds: warmUpSeconds, seconds, seed },
        ...{ fault_seconds: faultSeconds, overload_seconds: overloadSeconds },
        ...{ service_ms: serviceMs, service, run_seconds: Math.round((performance.now() - begin) / 1_000) },
      },
    },
  );
  publishReport(report, options, renderReport);
}

async function measureWorkerFaults(run: FaultsRun, fleet: FaultFleet): Promise<WorkerFaultSample[]> {
  const samples: WorkerFaultSample[] = [];
  for (const name of WORKER_FAULTS) {
    if (!run.options.faults.has(name)) continue;
    const sample = await measureWorkerFault(run, fleet, name);
    samples.push(sample);
    const { title, failed, p99_before_ms, p99_during_ms, detect_ms, recover_ms } = sample;
    run.say(
      `${title}: ${failed} failed, p99 ${show(p99_before_ms)} then ${show(p99_during_ms)} ms, ` +
        `detected after ${show(detect_ms)} ms, recovered after ${show(recover_ms)} ms`,
    );
  }
  return samples;
}

async function measureOverloads(run: FaultsRun, fleet: FaultFleet) {
  const names = (Object.keys(OVERLOADS) as OverloadName[]).filter((name) => run.options.faults.has(name));
  const overload: OverloadSample[] = [];
  if (names.length === 0) return { capacity: null, overload };
  const capacity: Capacity = await measureCapacity(run, fleet);
  run.say(`the workers carry ${show(capacity.per_second)} requests/s`);
  for (const name of names) {
    const sample = await measureOverload(run, fleet, name, capacity);
    overload.push(sample);
    run.say(
      `${sample.title}: ${show(sample.goodput_per_second)} requests/s served in time, ` +
        `p99 ${show(sample.p99_served_ms)} ms, ${show(sample.refused_per_second)} refused/s`,
    );
  }
  return { capacity, overload };
}

function show(value: number | null): string {
  return value === null ? '-' : value.toFixed(1);
}

await runBenchmark({ name: 'bench:faults', help: HELP, readOptions, main });
