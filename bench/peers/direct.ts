/** One plain worker with nothing before it: the least that serving this model over HTTP costs. */
import type { MeasuredSystem } from '../support/measured-system.ts';
import { treeTicks } from '../support/process-cpu.ts';
import { startPlainWorker } from './start-plain-worker.ts';

export async function startDirect(
  modelFile: string,
  directory: string,
  signal: AbortSignal,
): Promise<MeasuredSystem> {
  const worker = await startPlainWorker(modelFile, 0, directory, signal);
  return {
    name: 'direct',
    inferUrl: `http://${worker.address}/v2/models/fraud/infer`,
    cpuTicks: (table) => ({ gateway: 0, workers: treeTicks(table, worker.pid) }),
    assertRunning: () => worker.assertRunning(),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
