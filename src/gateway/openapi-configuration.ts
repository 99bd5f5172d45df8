/** The OpenAPI schemas of a model's configuration: the part of Triton's ModelConfig that is in effect here. */
import { flag, list, object, oneOf, ref, type Schemas, text, whole } from './openapi-builders.ts';

export const configurationSchemas: Schemas = {
  ModelConfig: object(
    'Configuration of a model, in the JSON form of the model configuration extension.',
    {
      name: text('Name of the model.', 'fraud'),
      platform: text('Format and runtime of the model.', 'onnxruntime_onnx'),
      backend: text('What runs the model.', 'onnxruntime'),
      version_policy: ref('VersionPolicy'),
      max_batch_size: whole('Rows of one run at most; 0: requests are run one by one as they are.'),
      input: list('Inputs.', ref('TensorConfig')),
      output: list('Outputs.', ref('TensorConfig')),
      instance_group: list('Workers of each version.', ref('InstanceGroup')),
      default_model_filename: text('File of the model in the directory of a version.', 'model.onnx'),
      dynamic_batching: ref('DynamicBatching'),
      parameters: ref('ModelParameters'),
    },
    ['dynamic_batching', 'parameters'],
  ),
  VersionPolicy: object(
    'Which versions of the repository are served: exactly one of the two.',
    {
      latest: object('The highest versions.', { num_versions: whole('How many of them.', 1) }),
      specific: object('Versions by number.', { versions: list('Their numbers.', whole('A version.')) }),
    },
    ['latest', 'specific'],
  ),
  TensorConfig: object('One input or output.', {
    name: text('Name of the tensor.', 'input'),
    data_type: text('Datatype with `TYPE_` in front; `TYPE_STRING` for BYTES.', 'TYPE_FP32'),
    dims: list('Its dimensions, without the batch dimension where the model is batched.', {
      type: 'integer',
      minimum: -1,
      description: 'Elements along the dimension; -1 takes any number.',
    }),
  }),
  InstanceGroup: object('Workers of a kind.', {
    name: text('Name of the group.', 'fraud_0'),
    kind: oneOf('What they run on.', ['KIND_CPU']),
    count: whole('Worker processes of each served version.'),
  }),
  DynamicBatching: object('How requests are joined to runs; absent where they are not.', {
    preferred_batch_size: list('Rows at which a run waits no longer.', whole('Rows.', 1)),
    max_queue_delay_microseconds: whole(
      'How long a run waits for more rows, microseconds; 0 takes what is there as soon as the model is free.',
    ),
    preserve_ordering: flag('Whether answers keep the order of requests; they do not.'),
  }),
  ModelParameters: object('What is configured beside; absent where it is all as by default.', {
    idempotent: object('Whether a request may be run twice; absent where it may.', {
      string_value: oneOf('`false`: it is never sent again once a worker had it.', ['false']),
    }),
  }),
};
