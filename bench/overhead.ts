/** Benchmark: what Turntable costs and gains, against NGINX before plain workers, measured in one run on one machine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchRun } from './overhead/bench-run.ts';
import { runLoadRounds } from './overhead/load-rounds.ts';
import { runNeighbourTest } from './overhead/neighbour.ts';
import { HELP, type OverheadOptions, readOptions } from './overhead/options.ts';
import { measurePick } from './overhead/pick-cost.ts';
import { makeReport } from './overhead/report.ts';
import { renderReport } from './overhead/report-text.ts';
import { WORKERS } from './overhead/systems.ts';
import { ensureTools } from './support/debian-tools.ts';
import { makeFraudRequests } from './support/fraud-requests.ts';
import { describeMachine } from './support/machine.ts';
import { publishReport } from './support/publish-report.ts';
import { runBenchmark } from './support/run-benchmark.ts';
import { makeTemporaryDirectory } from './support/temporary-directory.ts';

/** So many that no cache, branch predictor or proxy gets used to them, and few enough for 1 MB. */
const BODIES = 512;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: OverheadOptions, signal: AbortSignal): Promise<void> {
  const tools = ensureTools(['wrk', 'nginx'], say);
  if (!tools.has('wrk')) throw new Error('cannot run without wrk');
  const parts = new Set(options.parts);
  if (!tools.has('nginx') && parts.delete('nginx'))
    say('running WITHOUT nginx: there will be no comparison with it');

  using directory = makeTemporaryDirectory();
  const { bodies, rows } = makeFraudRequests(BODIES, options.rows);
  const bodiesFile = join(directory.path, 'bodies.ndjson');
  const rowsFile = join(directory.path, 'rows.f32');
  writeFileSync(bodiesFile, bodies.map((body) => `${body}\n`).join(''));
  writeFileSync(rowsFile, rows);
  const run: BenchRun = {
    options: { ...options, parts },
    directory: directory.path,
    fraudModel: join(options.models, 'fraud/1/model.onnx'),
    bodies,
    bodiesFile,
    rowsFile,
    say,
    signal,
  };

  const date = new Date().toISOString();
  const rounds = await runLoadRounds(run);
  const neighbour = parts.has('neighbour') ? await runNeighbourTest(run) : null;
  const { quick, rounds: roundCount, seconds, connections } = options;
  const report = makeReport(
    { ...rounds, neighbour, rows_per_request: options.rows, pick_worker_us: measurePick() },
    {
      date,
      machine: describeMachine(),
      settings: {
        quick,
        rounds: roundCount,
        seconds,
        connections,
        workers: WORKERS,
        distinct_bodies: bodies.length,
        body_bytes_mean: Math.round(bodies.join('').length / bodies.length),
        rows_per_request: options.rows,
      },
    },
  );
  publishReport(report, options, renderReport);
}

await runBenchmark({ name: 'bench:overhead', help: HELP, readOptions, main });
