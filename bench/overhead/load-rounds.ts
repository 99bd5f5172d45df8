/** The main comparison: every system in turn, round by round, under full load and with a single connection. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadSample, measureLoad } from '../support/measure-load.ts';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { residentMb } from '../support/process-cpu.ts';
import { rotated } from '../support/statistics.ts';
import { runWrk } from '../support/wrk.ts';
import { assertSameAnswers } from './agreement.ts';
import type { BenchRun } from './bench-run.ts';
import type { OnnxSample } from './onnx-limit.ts';
import { sayLoad } from './progress.ts';
import { startSystems, WORKERS } from './systems.ts';

/** Memory is read once what starting or load left behind had time to be collected. */
const SETTLE_MS = 1500;

export interface GatewayMemory {
  readonly after_start: number;
  readonly after_load: number;
}

export interface LoadRounds {
  readonly load: readonly LoadSample[];
  readonly single_connection: readonly LoadSample[];
  readonly onnx: readonly OnnxSample[];
  readonly gateway_memory_mb: GatewayMemory | null;
}

/**
 * Systems are started once and stay up, idle, while others are measured. Starting them anew for each round
 * would measure compilers and caches that are still cold; what the idle ones cost is measured with each sample.
 */
export async function runLoadRounds(run: BenchRun): Promise<LoadRounds> {
  const { bodiesFile, options, say, signal } = run;
  await using started = await startSystems(run);
  const { turntable, nginx, direct, onnx } = started;
  if (turntable !== null) {
    say(`turntable: gateway process ${turntable.gatewayPid}, workers ${turntable.workerPids().join(', ')}`);
  }
  const systems = [turntable, nginx, direct].filter((system) => system !== null);
  const singles = [turntable, direct].filter((system) => system !== null);

  await sleep(SETTLE_MS, undefined, { signal });
  const after_start = turntable === null ? 0 : residentMb(turntable.gatewayPid);
  await assertSameAnswers(systems, run);

  const warmUp = ({ inferUrl }: MeasuredSystem, seconds: number) =>
    runWrk({ url: inferUrl, bodiesFile, connections: options.connections, seconds }, signal);
  const measure = async (system: MeasuredSystem, round: number, connections: number, seconds: number) => {
    const idle = systems.filter((other) => other !== system);
    const sample = await measureLoad({ system, idle, round }, { bodiesFile, connections, seconds }, signal);
    sayLoad(say, sample, `${system.name}, ${connections} connections`);
    return sample;
  };

  say('warming up');
  for (const system of systems) await warmUp(system, options.warmUpSeconds);
  const load: LoadSample[] = [];
  const single_connection: LoadSample[] = [];
  const limit: OnnxSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`);
    for (const system of rotated(systems, round - 1)) {
      if (options.refillSeconds > 0) await warmUp(system, options.refillSeconds);
      load.push(await measure(system, round, options.connections, options.seconds));
    }
    for (const system of rotated(singles, round - 1)) {
      single_connection.push(await measure(system, round, 1, options.singleSeconds));
    }
    for (const processes of onnx === null ? [] : rotated([1, WORKERS], round - 1)) {
      const sample = await onnx!.measure(processes, round, options.onnxSeconds);
      say(`  onnx, ${processes} processes: ${Math.round(sample.rows_per_second)} rows/s`);
      limit.push(sample);
    }
  }

  await sleep(SETTLE_MS, undefined, { signal });
  const gateway_memory_mb =
    turntable === null ? null : { after_start, after_load: residentMb(turntable.gatewayPid) };
  return { load, single_connection, onnx: limit, gateway_memory_mb };
}
