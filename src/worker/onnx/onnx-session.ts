/** The inference session on ONNX Runtime, run where it is called. */
import * as ort from 'onnxruntime-node';
import type { Datatype, Tensor, TensorData, TensorSpec } from '../../oip/tensor.ts';
import { TurntableError } from '../../turntable-error.ts';
import type { InferenceSession } from '../inference-session.ts';

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
      throw new ModelLoadError(`ONNX Runtime cannot load ${modelPath}: ${(error as Error).message}`, {
        cause: error,
      });
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
      return { shape: result.dims, data: bitsOf(result.data) };
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

/** FP16 comes as Float16Array where the runtime has one; everything here works on its bits. */
function bitsOf(data: ort.Tensor.DataType): TensorData {
  if ((data as object).constructor.name === 'Float16Array') {
    const floats = data as unknown as { buffer: ArrayBuffer; byteOffset: number; length: number };
    return new Uint16Array(floats.buffer, floats.byteOffset, floats.length);
  }
  return data as TensorData;
}
