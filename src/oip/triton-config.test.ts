import { describe, expect, it } from 'vitest';
import type { ModelSignature } from './tensor.ts';
import { tritonConfigJson } from './triton-config.ts';

const SIGNATURE: ModelSignature = {
  inputs: [
    { name: 'features', datatype: 'FP32', shape: [-1, 30] },
    { name: 'country', datatype: 'BYTES', shape: [-1] },
  ],
  outputs: [{ name: 'label', datatype: 'INT64', shape: [-1, 1] }],
  batchable: true,
};

describe('configuration in the JSON of Triton', () => {
  it('leaves the batch dimension out of dims where the model is batched', () => {
    const config = {
      name: 'fraud',
      maxBatchSize: 64,
      maxQueueDelayUs: 500,
      replicas: 2,
      idempotent: true,
      signature: SIGNATURE,
    };
    expect(tritonConfigJson(config)).toEqual({
      name: 'fraud',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      version_policy: { latest: { num_versions: 1 } },
      max_batch_size: 64,
      input: [
        { name: 'features', data_type: 'TYPE_FP32', dims: [30] },
        { name: 'country', data_type: 'TYPE_STRING', dims: [1], reshape: { shape: [] } },
      ],
      output: [{ name: 'label', data_type: 'TYPE_INT64', dims: [1] }],
      instance_group: [{ name: 'fraud_0', kind: 'KIND_CPU', count: 2 }],
      default_model_filename: 'model.onnx',
      dynamic_batching: {
        preferred_batch_size: [64],
        max_queue_delay_microseconds: 500,
        preserve_ordering: false,
      },
    });
  });

  it('gives whole shapes and no batching where it is not', () => {
    const signature = { ...SIGNATURE, batchable: false };
    const config = {
      ...{ name: 'fraud', maxBatchSize: 0, maxQueueDelayUs: 0 },
      ...{ replicas: 1, idempotent: true, signature },
    };
    const json = tritonConfigJson({ ...config, servedVersions: ['2', '10'], modelFilename: 'fraud.onnx' });
    expect(json).toMatchObject({
      version_policy: { specific: { versions: [2, 10] } },
      max_batch_size: 0,
      input: [{ dims: [-1, 30] }, { dims: [-1] }],
      default_model_filename: 'fraud.onnx',
    });
    expect(json).not.toHaveProperty('dynamic_batching');
  });

  it('says where requests may not be run twice', () => {
    const limits = { maxBatchSize: 0, maxQueueDelayUs: 0, replicas: 1 };
    expect(
      tritonConfigJson({ name: 'pay', ...limits, idempotent: false, signature: SIGNATURE }),
    ).toMatchObject({
      parameters: { idempotent: { string_value: 'false' } },
    });
  });
});
