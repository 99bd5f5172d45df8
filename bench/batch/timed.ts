/** The batch on a fixed service time: every system with every number of workers in turn, round by round. */
import { rotated } from '../support/statistics.ts';
import type { BatchRun } from './batch-run.ts';
import { runCountedLoad } from './counted-load.ts';
import { type BatchSample, measureBatch } from './measure-batch.ts';
import { sayBatch } from './progress.ts';
import { startTimedSystems, systemsToBeHad, TITLES, type TimedSystem } from './timed-systems.ts';

/** For compilers and connections, before the first round. */
const WARM_UP_PART = 0.1;

export async function measureTimed(run: BatchRun): Promise<BatchSample[]> {
  const { options, say, signal } = run;
  say(`fixed service time of ${options.serviceMs} ms: starting`);
  await using systems = await startTimedSystems(run, systemsToBeHad(options.systems, say));
  const body = Buffer.from(
    JSON.stringify({
      inputs: [{ name: 'demand_ms', datatype: 'FP32', shape: [1], data: [options.serviceMs] }],
    }),
  );
  const requests = [{ headers: { 'content-type': 'application/json' }, body }];
  const count = options.requests.timed;
  const load = ({ inferUrl }: TimedSystem) => ({ url: inferUrl, requests, concurrent: options.concurrent });
  for (const system of systems.all) {
    const warmUp = Math.max(options.concurrent, Math.round(count * WARM_UP_PART));
    await runCountedLoad({ ...load(system), count: warmUp }, signal);
  }
  const samples: BatchSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const system of rotated(systems.all, round - 1)) {
      const { name, workers } = system;
      const what = { part: 'timed' as const, system: TITLES[name], workers, round };
      const sample = await measureBatch(what, { ...load(system), count }, signal);
      system.assertRunning();
      sayBatch(say, sample);
      samples.push(sample);
    }
  }
  return samples;
}
