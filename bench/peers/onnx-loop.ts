/**
 * ONNX Runtime alone: one process that runs a model of one input on batches in a loop, with no server around it.
 *
 * usage: node onnx-loop.ts MODEL_FILE ROWS_FILE; ROWS_FILE is raw float32 [n, ...], the shape being the model's.
 * Sends `ready`, then answers each message OnnxLoopOrder with OnnxLoopResult.
 */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface OnnxLoopOrder {
  readonly seconds: number;
  /** Rows of each run. */
  readonly batchRows: number;
}

/** The rows that it did, in what time, and with how much of the processor. */
export interface OnnxLoopResult {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuUs: number;
}

const [modelFile, rowsFile] = process.argv.slice(2);
if (modelFile === undefined || rowsFile === undefined)
  throw new Error('usage: onnx-loop.ts MODEL_FILE ROWS_FILE');

const session = await InferenceSession.create(modelFile, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
});
// The same rows that the servers are sent, all of them in turn: one batch over and over would flatter the caches.
const rows = new Float32Array(new Uint8Array(readFileSync(rowsFile)).buffer);
const input = session.inputMetadata[0];
if (!input?.isTensor) throw new Error(`${modelFile} takes no tensor`);
const rowShape = input.shape.slice(1).map(Number);
const perRow = rowShape.reduce((product, size) => product * size, 1);

function batchesOf(batchRows: number): Tensor[] {
  const length = batchRows * perRow;
  return Array.from(
    { length: Math.floor(rows.length / length) },
    (_, index) =>
      new Tensor('float32', rows.subarray(index * length, (index + 1) * length), [batchRows, ...rowShape]),
  );
}

async function runFor({ seconds, batchRows }: OnnxLoopOrder): Promise<OnnxLoopResult> {
  const batches = batchesOf(batchRows);
  if (batches.length === 0) throw new Error(`${rowsFile} has no ${batchRows} rows`);
  let next = 0;
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  // One call after the other: the process is on its core 99 % of the time, a second call in the air adds nothing.
  while (performance.now() < end) {
    next = (next + 1) % batches.length;
    await session.run({ [session.inputNames[0]!]: batches[next]! });
    done += batchRows;
  }
  const { user, system } = process.cpuUsage(cpuStart);
  return { rows: done, seconds: (performance.now() - start) / 1000, cpuUs: user + system };
}

process.on('message', async (order: OnnxLoopOrder) => process.send?.(await runFor(order)));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
