/** How many rows ONNX Runtime alone does on this machine: what a server around it can at best approach. */
import { join, resolve } from 'node:path';
import { startProcess } from '../support/owned-process.ts';
import type { BenchRun } from './bench-run.ts';

const ONNX_LOOP = resolve(import.meta.dirname, '../peers/onnx-loop.ts');

/** Turntable's default for a model that can be batched. */
const BATCH_ROWS = 64;

export interface OnnxSample {
  readonly round: number;
  readonly processes: number;
  readonly rows_per_second: number;
}

export interface OnnxLoops extends AsyncDisposable {
  /** Runs the first `processes` loops at the same time. */
  measure(processes: number, round: number, seconds: number): Promise<OnnxSample>;
}

export async function startOnnxLoops(run: BenchRun, count: number): Promise<OnnxLoops> {
  await using started = new AsyncDisposableStack();
  const loops = await Promise.all(
    Array.from({ length: count }, async () => {
      const args = [ONNX_LOOP, run.fraudModel, run.rowsFile, String(BATCH_ROWS)];
      const logFile = join(run.directory, 'onnx-loop.log');
      const loop = started.use(await startProcess(process.execPath, args, { logFile, ipc: true }));
      await loop.nextMessage(run.signal);
      return loop;
    }),
  );
  const owned = started.move();
  return {
    async measure(processes, round, seconds) {
      const rates = loops.slice(0, processes).map(async (loop) => {
        loop.child.send({ seconds });
        const done = (await loop.nextMessage(run.signal)) as { rows: number; seconds: number };
        return done.rows / done.seconds;
      });
      const rows_per_second = (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
      return { round, processes, rows_per_second };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
