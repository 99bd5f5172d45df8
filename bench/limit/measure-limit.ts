/** One model: Turntable under each kind of request, and ONNX Runtime alone with each batch size, in turn, round by round. */
import { join } from 'node:path';
import { ensureNetwork } from '../models/ensure-network.ts';
import { type OnnxSample, startOnnxLoops } from '../overhead/onnx-limit.ts';
import { type LoadSample, measureLoad } from '../support/measure-load.ts';
import { rotated } from '../support/statistics.ts';
import { startTurntable } from '../support/turntable-server.ts';
import { untilActive } from '../support/until-active.ts';
import { runWrk } from '../support/wrk.ts';
import { CELLS, type CellName, cellTitle, type LimitModel } from './cells.ts';
import type { LimitRun } from './limit-run.ts';
import { readModelCounts, type WorkerTimes, workerTimes } from './model-statistics.ts';
import { writeRequests } from './request-files.ts';

/** For the compilers of processes that were just started, whole seconds. */
const FIRST_WARM_UP_SECONDS = 2;

export interface LimitSample extends LoadSample, WorkerTimes {
  readonly cell: CellName;
  readonly body_bytes: number;
  readonly rows_per_second: number;
  readonly load_generator_cpu_us_per_request: number;
}

export interface LoopSample extends OnnxSample {
  readonly model: LimitModel;
}

export interface ModelSamples {
  readonly load: readonly LimitSample[];
  readonly onnx: readonly LoopSample[];
  /** Where the rows are from. */
  readonly source: string;
}

export async function measureModel(model: LimitModel, run: LimitRun): Promise<ModelSamples> {
  const { options, cores, directory, say, signal } = run;
  const isFraud = model === 'fraud';
  const repository = isFraud ? options.models : ensureNetwork('resnet18', options.imageSize, say);
  const batches = isFraud ? options.fraudBatches : options.imageBatches;
  const connections = isFraud ? options.connections : options.imageConnections;
  const requests = writeRequests(model, run);
  const names = [...options.cells].filter((name) => CELLS[name].model === model);
  const loads = new Map(names.map((name) => [name, { ...requests.load(name), connections }]));

  say(`${model}: starting`);
  await using started = new AsyncDisposableStack();
  const server = started.use(
    await startTurntable({ models: [model], repository, replicas: options.workers, directory }, signal),
  );
  await untilActive(server, options.workers, signal);
  const modelFile = join(repository, model, '1', 'model.onnx');
  const loops = started.use(
    await startOnnxLoops({ modelFile, rowsFile: requests.rowsFile, directory }, cores, signal),
  );

  const warmUp = (name: CellName, seconds: number) =>
    runWrk({ ...loads.get(name)!, url: server.inferUrl, seconds }, signal);
  const measureCell = async (name: CellName, round: number): Promise<LimitSample> => {
    const { bodyBytes, ...load } = loads.get(name)!;
    const before = await readModelCounts(server.inferUrl, signal);
    const target = { system: server, idle: [], round };
    const sample = await measureLoad(target, { ...load, seconds: options.seconds }, signal);
    const after = await readModelCounts(server.inferUrl, signal);
    return {
      cell: name,
      ...sample,
      body_bytes: bodyBytes,
      rows_per_second: sample.requests_per_second * CELLS[name].rows,
      load_generator_cpu_us_per_request:
        (sample.cores_busy.load_generator * 1e6) / sample.requests_per_second,
      ...workerTimes(before, after),
    };
  };

  say('warming up');
  for (const name of names) await warmUp(name, Math.max(1, options.warmUpSeconds * FIRST_WARM_UP_SECONDS));
  const load: LimitSample[] = [];
  const onnx: LoopSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    say(`${model}, round ${round} of ${options.rounds}`);
    for (const step of rotated([...names, 'onnx' as const], round - 1)) {
      if (step === 'onnx') {
        for (const batchRows of rotated(batches, round - 1)) {
          const sample = await loops.measure(cores, round, options.loopSeconds, batchRows);
          say(`  ONNX Runtime alone, ${batchRows} rows a run: ${Math.round(sample.rows_per_second)} rows/s`);
          onnx.push({ model, ...sample });
        }
        continue;
      }
      if (options.warmUpSeconds > 0) await warmUp(step, options.warmUpSeconds);
      const sample = await measureCell(step, round);
      sayCell(say, sample);
      load.push(sample);
    }
  }
  return { load, onnx, source: requests.source };
}

function sayCell(say: LimitRun['say'], sample: LimitSample): void {
  say(
    `  ${cellTitle(sample.cell)}: ${Math.round(sample.rows_per_second)} rows/s, ` +
      `${sample.batch_rows.toFixed(1)} rows a run, p99 ${sample.p99_us} us`,
  );
  if (sample.failed > 0)
    say(`  !!! ${sample.failed} requests FAILED: ${JSON.stringify(sample.failed_by_kind)}`);
}
