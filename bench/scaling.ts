/** Benchmark: what more threads of gateway bring, before few workers, with a model that costs something and one that does not. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureGroup } from './scaling/measure.ts';
import { HELP, MODELS, readOptions, type ScalingOptions } from './scaling/options.ts';
import { makeReport } from './scaling/report.ts';
import { renderReport } from './scaling/report-text.ts';
import type { ScalingRun, ScalingSample } from './scaling/scaling-run.ts';
import { ensureTools } from './support/debian-tools.ts';
import { makeFraudRequests } from './support/fraud-requests.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

const BODIES = 512;
const ROWS_PER_REQUEST = 4;
const ECHO_REQUEST = { inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] };

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: ScalingOptions, signal: AbortSignal): Promise<void> {
  if (!ensureTools(['wrk'], say).has('wrk')) throw new Error('cannot run without wrk');
  using directory = makeTemporaryDirectory();
  const bodiesFiles = { fraud: join(directory.path, 'fraud'), echo: join(directory.path, 'echo') };
  const { bodies } = makeFraudRequests(BODIES, ROWS_PER_REQUEST);
  writeFileSync(bodiesFiles.fraud, bodies.map((body) => `${body}\n`).join(''));
  writeFileSync(bodiesFiles.echo, `${JSON.stringify(ECHO_REQUEST)}\n`);
  const run: ScalingRun = { options, directory: directory.path, bodiesFiles, say, signal };

  const date = new Date().toISOString();
  const begin = performance.now();
  const samples: ScalingSample[] = [];
  for (const model of MODELS) {
    if (!options.models.has(model)) continue;
    for (const workers of options.workers) samples.push(...(await measureGroup(run, model, workers)));
  }
  const { quick, rounds, seconds, connections, threads, workers } = options;
  const report = makeReport(samples, {
    date,
    machine: describeMachine(),
    settings: {
      ...{ quick, rounds, seconds, connections, threads, workers, rows_per_request: ROWS_PER_REQUEST },
      run_seconds: Math.round((performance.now() - begin) / 1_000),
    },
  });
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:scaling', help: HELP, readOptions, main });
