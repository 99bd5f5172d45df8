/** Benchmark: how close Turntable comes to ONNX Runtime alone on the same cores, and where the rest goes. */
import { availableParallelism } from 'node:os';
import { CELLS, type LimitModel } from './limit/cells.ts';
import type { LimitRun } from './limit/limit-run.ts';
import { type LimitSample, type LoopSample, measureModel } from './limit/measure-limit.ts';
import { HELP, type LimitOptions, readOptions } from './limit/options.ts';
import { makeReport } from './limit/report.ts';
import { renderReport } from './limit/report-text.ts';
import { ensureTools } from './support/debian-tools.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: LimitOptions, signal: AbortSignal): Promise<void> {
  if (!ensureTools(['wrk'], say).has('wrk')) throw new Error('cannot run without wrk');

  using directory = makeTemporaryDirectory();
  const run: LimitRun = {
    ...{ options, directory: directory.path, say, signal },
    cores: availableParallelism(),
  };
  const date = new Date().toISOString();
  const begin = performance.now();
  const load: LimitSample[] = [];
  const onnx: LoopSample[] = [];
  const sources: Partial<Record<LimitModel, string>> = {};
  for (const model of new Set([...options.cells].map((name) => CELLS[name].model))) {
    const measured = await measureModel(model, run);
    load.push(...measured.load);
    onnx.push(...measured.onnx);
    sources[model] = measured.source;
  }
  const { quick, rounds, seconds, loopSeconds, workers, connections } = options;
  const report = makeReport(
    { load, onnx },
    {
      date,
      machine: describeMachine(),
      settings: {
        ...{ quick, rounds, seconds, workers, connections, rows: sources },
        ...{ image_connections: options.imageConnections, image_size: options.imageSize },
        ...{ warm_up_seconds: options.warmUpSeconds, loop_seconds: loopSeconds },
        run_seconds: Math.round((performance.now() - begin) / 1_000),
      },
    },
  );
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:limit', help: HELP, readOptions, main });
