/** How workers load models: with ONNX Runtime. */
import { OnnxSession } from '../worker/onnx/onnx-session.ts';
import { ThreadedSession } from '../worker/onnx/threaded-session.ts';
import type { SessionLoader } from '../worker/worker-process.ts';

export const ONNX_LOADER: SessionLoader = {
  platform: 'onnxruntime_onnx',
  inline: (modelPath, threads) => OnnxSession.load(modelPath, threads),
  threaded: (modelPath, threads, model) => ThreadedSession.load(modelPath, threads, model),
};
