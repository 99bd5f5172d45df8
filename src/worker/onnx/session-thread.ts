/** The thread behind a threaded session: holds the real session and runs what it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Tensor } from '../../oip/tensor.ts';
import { OnnxSession } from './onnx-session.ts';
import { type ThreadReply, type ThreadRequest, transferables } from './thread-messages.ts';

const { modelPath, intraOpThreads } = workerData as { modelPath: string; intraOpThreads: number };
const port = parentPort;
if (!port) throw new Error('session-thread is to be started as a worker thread');

const session = await OnnxSession.load(modelPath, intraOpThreads);

port.on('message', async (request: ThreadRequest) => {
  let outputs: readonly Tensor[];
  try {
    outputs = await session.run(request.inputs, request.outputs);
  } catch (error) {
    port.postMessage({ id: request.id, error: (error as Error).message } satisfies ThreadReply);
    return;
  }
  port.postMessage({ id: request.id, outputs } satisfies ThreadReply, transferables(outputs));
});
port.postMessage({ id: 0, outputs: [] } satisfies ThreadReply);
