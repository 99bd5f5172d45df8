/** The inference session on ONNX Runtime, run where it is called. */
import { basename } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { Datatype, Tensor, TensorData, TensorSpec } from '../../oip/tensor.ts';
import { TurntableError } from '../../turntable-error.ts';
import type { InferenceSession } from '../inference-session.ts';

/*
 * The binding reads FP16 tensors from a Uint16Array alone, while the JavaScript side of the runtime insists on a
 * Float16Array wherever there is one. It looks once, when the first tensor is made: then there is none.
 */
const float16Array = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
if (float16Array) {
  Reflect.deleteProperty(globalThis, 'Float16Array');
  new ort.Tensor('float32', new Float32Array(1), [1]).dispose();
  Object.defineProperty(globalThis, 'Float16Array', float16Array);
}

const DATATYPE_OF: Readonly<Partial<Record<ort.Tensor.Type, Datatype>>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};

class ModelLoadError extends TurntableError<'MODEL_LOAD'> {
  constructor(message: string, options?: { cause?: unknown }) {
    super('MODEL_LOAD', message, options);
  }
}

export class OnnxSession implements InferenceSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #session: ort.InferenceSession;
  readonly #inputTypes: readonly ort.Tensor.Type[];

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
    this.inputs = session.inputMetadata.map(tensorSpec);
    this.outputs = session.outputMetadata.map(tensorSpec);
    this.#inputTypes = session.inputMetadata.map((meta) => (meta.isTensor ? meta.type : 'float32'));
  }

  /**
   * Loads a model file.
   * @throws ModelLoadError when ONNX Runtime cannot load it or it takes something else than tensors
   */
  static async load(modelPath: string, intraOpThreads: number): Promise<OnnxSession> {
    try {
      const session = await ort.InferenceSession.create(modelPath, {
        intraOpNumThreads: intraOpThreads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        // Its threads would otherwise spin for work and take the core from the neighbours.
        extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
        logSeverityLevel: 3,
      });
      return new OnnxSession(session);
    } catch (error) {
      if (error instanceof ModelLoadError) throw error;
      // Where the file lies is no business of the clients that may get to read this.
      const why = (error as Error).message.replaceAll(modelPath, basename(modelPath));
      throw new ModelLoadError(`ONNX Runtime cannot load ${basename(modelPath)}: ${why}`, { cause: error });
    }
  }

  async run(inputs: readonly Tensor[], outputs: readonly number[]): Promise<readonly Tensor[]> {
    const feeds: Record<string, ort.Tensor> = {};
    for (let i = 0; i < this.inputs.length; i++) {
      const { data, shape } = inputs[i] as Tensor;
      feeds[(this.inputs[i] as TensorSpec).name] = ortTensor(
        this.#inputTypes[i] as ort.Tensor.Type,
        data,
        shape,
      );
    }
    const names = outputs.map((index) => (this.outputs[index] as TensorSpec).name);
    const results = await this.#session.run(feeds, names);
    return names.map((name) => {
      const result = results[name] as ort.Tensor;
      return { shape: result.dims, data: result.data as TensorData };
    });
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function tensorSpec(meta: ort.InferenceSession.ValueMetadata): TensorSpec {
  if (!meta.isTensor)
    throw new ModelLoadError(`"${meta.name}" is not a tensor; sequences and maps are not served`);
  const datatype = DATATYPE_OF[meta.type];
  if (!datatype)
    throw new ModelLoadError(`"${meta.name}" has the data type ${meta.type}, which is not served`);
  return {
    name: meta.name,
    datatype,
    shape: meta.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1)),
  };
}

function ortTensor(type: ort.Tensor.Type, data: TensorData, shape: readonly number[]): ort.Tensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, shape);
}
