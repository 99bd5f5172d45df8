/**
 * ONNX Runtime alone: one process that runs the fraud model on batches in a loop, with no server around it.
 *
 * usage: node onnx-loop.ts MODEL_FILE ROWS_FILE BATCH_ROWS; ROWS_FILE is raw float32 [n, 30].
 * Sends `ready`, then answers each message `{seconds}` with `{rows, seconds}`: the rows it did, and in what time.
 */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const FEATURES = 30;

const [modelFile, rowsFile, batchRowsText] = process.argv.slice(2);
if (modelFile === undefined || rowsFile === undefined || batchRowsText === undefined) {
  throw new Error('usage: onnx-loop.ts MODEL_FILE ROWS_FILE BATCH_ROWS');
}
const batchRows = Number(batchRowsText);

const session = await InferenceSession.create(modelFile, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
});
// The same rows that the servers are sent, all of them in turn: one batch over and over would flatter the caches.
const rows = new Float32Array(new Uint8Array(readFileSync(rowsFile)).buffer);
const perBatch = batchRows * FEATURES;
const batches = Array.from(
  { length: Math.floor(rows.length / perBatch) },
  (_, index) =>
    new Tensor('float32', rows.subarray(index * perBatch, (index + 1) * perBatch), [batchRows, FEATURES]),
);
let next = 0;

async function runFor(seconds: number): Promise<{ rows: number; seconds: number }> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  // One call after the other: the process is on its core 99 % of the time, a second call in the air adds nothing.
  while (performance.now() < end) {
    next = (next + 1) % batches.length;
    await session.run({ input: batches[next]! });
    done += batchRows;
  }
  return { rows: done, seconds: (performance.now() - start) / 1000 };
}

process.on('message', async ({ seconds }: { seconds: number }) => process.send?.(await runFor(seconds)));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
