/** ONNX Runtime alone, in the test's own process: what a model answers when nothing stands around it. */
import * as ort from 'onnxruntime-node';
import { modelFile } from './temporary-repository.ts';

export interface ReferenceTensor {
  readonly type: 'float32' | 'int64' | 'int32';
  readonly data: Float32Array | BigInt64Array | Int32Array;
  readonly shape: readonly number[];
}

export interface ReferenceSession extends AsyncDisposable {
  run(inputs: Readonly<Record<string, ReferenceTensor>>): Promise<Readonly<Record<string, ort.Tensor>>>;
}

/** A model of the tests or of the examples. */
export async function referenceSession(model: string): Promise<ReferenceSession> {
  const session = await ort.InferenceSession.create(modelFile(model), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  return {
    run(inputs) {
      const feeds = Object.entries(inputs).map(
        ([name, { type, data, shape }]) =>
          [name, new ort.Tensor(type as 'float32', data as Float32Array, shape)] as const,
      );
      return session.run(Object.fromEntries(feeds));
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}
