/** How many rows ONNX Runtime alone does on this machine: what a server around it can at best approach. */
import { join, resolve } from 'node:path';
import type { OnnxLoopOrder, OnnxLoopResult } from '../peers/onnx-loop.ts';
import { startProcess } from '../support/owned-process.ts';

const ONNX_LOOP = resolve(import.meta.dirname, '../peers/onnx-loop.ts');

/** Turntable's default for a model that can be batched. */
const BATCH_ROWS = 64;

export interface OnnxSample {
  readonly round: number;
  readonly processes: number;
  readonly batch_rows: number;
  readonly rows_per_second: number;
  readonly cpu_us_per_row: number;
}

export interface OnnxLoopFiles {
  readonly modelFile: string;
  /** Raw float32, row by row. */
  readonly rowsFile: string;
  /** For the log. */
  readonly directory: string;
}

export interface OnnxLoops extends AsyncDisposable {
  /** Runs the first `processes` loops at the same time. */
  measure(processes: number, round: number, seconds: number, batchRows?: number): Promise<OnnxSample>;
}

export async function startOnnxLoops(
  { modelFile, rowsFile, directory }: OnnxLoopFiles,
  count: number,
  signal: AbortSignal,
): Promise<OnnxLoops> {
  await using started = new AsyncDisposableStack();
  const loops = await Promise.all(
    Array.from({ length: count }, async () => {
      const args = [ONNX_LOOP, modelFile, rowsFile];
      const logFile = join(directory, 'onnx-loop.log');
      const loop = started.use(await startProcess(process.execPath, args, { logFile, ipc: true }));
      await loop.nextMessage(signal);
      return loop;
    }),
  );
  const owned = started.move();
  return {
    async measure(processes, round, seconds, batchRows = BATCH_ROWS) {
      const results = await Promise.all(
        loops.slice(0, processes).map(async (loop) => {
          loop.child.send({ seconds, batchRows } satisfies OnnxLoopOrder);
          return (await loop.nextMessage(signal)) as OnnxLoopResult;
        }),
      );
      const sum = (quantity: (result: OnnxLoopResult) => number) =>
        results.reduce((total, result) => total + quantity(result), 0);
      return {
        ...{ round, processes, batch_rows: batchRows },
        rows_per_second: sum((result) => result.rows / result.seconds),
        cpu_us_per_row: sum(({ cpuUs }) => cpuUs) / sum(({ rows }) => rows),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
