/** The effective configuration of a model in Triton's JSON form, for `GET /v2/models/M/config`. */
import type { Datatype, ModelSignature, TensorSpec } from './tensor.ts';

export interface EffectiveConfig {
  readonly name: string;
  /** Rows per session run; 0 if the model is not batched. */
  readonly maxBatchSize: number;
  readonly maxQueueDelayUs: number;
  /** Worker processes for each served version. */
  readonly replicas: number;
  /** Whether a request may be run twice. */
  readonly idempotent: boolean;
  readonly signature: ModelSignature;
  /** The versions that are served. Absent: the latest one. */
  readonly servedVersions?: readonly string[];
  /** Absent: model.onnx. */
  readonly modelFilename?: string;
}

/**
 * Source: message ModelConfig of Triton's `model_config.proto`, in the JSON that its HTTP endpoint gives: names
 * as in the proto, 64-bit integers as numbers, and dims without the batch dimension where the model is batched.
 */
export function tritonConfigJson(config: EffectiveConfig): object {
  const { name, maxBatchSize, maxQueueDelayUs, replicas, idempotent, signature } = config;
  const { servedVersions, modelFilename } = config;
  const tensor = ({ name: tensorName, datatype, shape }: TensorSpec): object => {
    const dims = maxBatchSize > 0 ? shape.slice(1) : [...shape];
    return {
      name: tensorName,
      data_type: tritonDataType(datatype),
      // Triton has no empty dims: a row that is one element is said so.
      ...(dims.length === 0 ? { dims: [1], reshape: { shape: [] } } : { dims }),
    };
  };
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy:
      servedVersions === undefined
        ? { latest: { num_versions: 1 } }
        : { specific: { versions: servedVersions.map(Number) } },
    max_batch_size: maxBatchSize,
    input: signature.inputs.map(tensor),
    output: signature.outputs.map(tensor),
    instance_group: [{ name: `${name}_0`, kind: 'KIND_CPU', count: replicas }],
    default_model_filename: modelFilename ?? 'model.onnx',
    ...(maxBatchSize > 0 && {
      dynamic_batching: {
        preferred_batch_size: [maxBatchSize],
        max_queue_delay_microseconds: maxQueueDelayUs,
        preserve_ordering: false,
      },
    }),
    ...(!idempotent && { parameters: { idempotent: { string_value: 'false' } } }),
  };
}

function tritonDataType(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}
