/**
 * The fields of Triton's model configuration, so that a misspelt one is found.
 *
 * Source: message ModelConfig in `model_config.proto` of triton-inference-server/common, as published in 2026.
 * All of its fields are here, also those that this server does not act on: what becomes of each is decided in
 * `triton-refusals.ts`, and a field that a later Triton adds is an error until someone has decided about it.
 */
import { type Decoded, enumeration, mapping, message, repeated } from './text-schema.ts';

const DATA_TYPE = enumeration(
  'TYPE_INVALID',
  'TYPE_BOOL',
  'TYPE_UINT8',
  'TYPE_UINT16',
  'TYPE_UINT32',
  'TYPE_UINT64',
  'TYPE_INT8',
  'TYPE_INT16',
  'TYPE_INT32',
  'TYPE_INT64',
  'TYPE_FP16',
  'TYPE_FP32',
  'TYPE_FP64',
  'TYPE_STRING',
  'TYPE_BF16',
);

const RESHAPE = message({ shape: repeated('int64') });

const INPUT = message({
  name: 'string',
  data_type: DATA_TYPE,
  format: enumeration('FORMAT_NONE', 'FORMAT_NHWC', 'FORMAT_NCHW'),
  dims: repeated('int64'),
  reshape: RESHAPE,
  is_shape_tensor: 'bool',
  allow_ragged_batch: 'bool',
  optional: 'bool',
  is_non_linear_format_io: 'bool',
});

const OUTPUT = message({
  name: 'string',
  data_type: DATA_TYPE,
  dims: repeated('int64'),
  reshape: RESHAPE,
  label_filename: 'string',
  is_shape_tensor: 'bool',
  is_non_linear_format_io: 'bool',
});

const BATCH_INPUT = message({
  kind: enumeration(
    'BATCH_ELEMENT_COUNT',
    'BATCH_ACCUMULATED_ELEMENT_COUNT',
    'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO',
    'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE',
    'BATCH_ITEM_SHAPE',
    'BATCH_ITEM_SHAPE_FLATTEN',
  ),
  target_name: repeated('string'),
  data_type: DATA_TYPE,
  source_input: repeated('string'),
});

const BATCH_OUTPUT = message({
  target_name: repeated('string'),
  kind: enumeration('BATCH_SCATTER_WITH_INPUT_SHAPE'),
  source_input: repeated('string'),
});

const VERSION_POLICY = message({
  latest: message({ num_versions: 'uint32' }),
  all: message({}),
  specific: message({ versions: repeated('int64') }),
});

const CUDA_SHAPES = mapping(message({ dim: repeated('int64') }));

const ACCELERATOR = message({ name: 'string', parameters: mapping('string') });

const OPTIMIZATION = message({
  graph: message({ level: 'int32' }),
  priority: enumeration('PRIORITY_DEFAULT', 'PRIORITY_MAX', 'PRIORITY_MIN'),
  cuda: message({
    graphs: 'bool',
    busy_wait_events: 'bool',
    graph_spec: repeated(
      message({
        batch_size: 'int32',
        input: CUDA_SHAPES,
        graph_lower_bound: message({ batch_size: 'int32', input: CUDA_SHAPES }),
      }),
    ),
    output_copy_stream: 'bool',
  }),
  execution_accelerators: message({
    gpu_execution_accelerator: repeated(ACCELERATOR),
    cpu_execution_accelerator: repeated(ACCELERATOR),
  }),
  input_pinned_memory: message({ enable: 'bool' }),
  output_pinned_memory: message({ enable: 'bool' }),
  gather_kernel_buffer_threshold: 'uint32',
  eager_batching: 'bool',
});

const QUEUE_POLICY = message({
  timeout_action: enumeration('REJECT', 'DELAY'),
  default_timeout_microseconds: 'uint64',
  allow_timeout_override: 'bool',
  max_queue_size: 'uint32',
});

const DYNAMIC_BATCHING = message({
  preferred_batch_size: repeated('int32'),
  max_queue_delay_microseconds: 'uint64',
  preserve_ordering: 'bool',
  priority_levels: 'uint64',
  default_priority_level: 'uint64',
  default_queue_policy: QUEUE_POLICY,
  priority_queue_policy: mapping(QUEUE_POLICY, 'uint64'),
});

const SEQUENCE_CONTROL = message({
  kind: enumeration(
    'CONTROL_SEQUENCE_START',
    'CONTROL_SEQUENCE_READY',
    'CONTROL_SEQUENCE_END',
    'CONTROL_SEQUENCE_CORRID',
  ),
  int32_false_true: repeated('int32'),
  fp32_false_true: repeated('float'),
  bool_false_true: repeated('bool'),
  data_type: DATA_TYPE,
});

const SEQUENCE_STATE = message({
  input_name: 'string',
  output_name: 'string',
  data_type: DATA_TYPE,
  dims: repeated('int64'),
  initial_state: repeated(
    message({
      data_type: DATA_TYPE,
      dims: repeated('int64'),
      zero_data: 'bool',
      data_file: 'string',
      name: 'string',
    }),
  ),
  use_same_buffer_for_input_output: 'bool',
  use_growable_memory: 'bool',
});

const SEQUENCE_BATCHING = message({
  max_sequence_idle_microseconds: 'uint64',
  control_input: repeated(message({ name: 'string', control: repeated(SEQUENCE_CONTROL) })),
  direct: message({ max_queue_delay_microseconds: 'uint64', minimum_slot_utilization: 'float' }),
  oldest: message({
    max_candidate_sequences: 'int32',
    preferred_batch_size: repeated('int32'),
    max_queue_delay_microseconds: 'uint64',
    preserve_ordering: 'bool',
  }),
  state: repeated(SEQUENCE_STATE),
  iterative_sequence: 'bool',
});

const ENSEMBLE_SCHEDULING = message({
  step: repeated(
    message({
      model_name: 'string',
      model_version: 'int64',
      input_map: mapping('string'),
      output_map: mapping('string'),
      model_namespace: 'string',
    }),
  ),
  max_inflight_responses: 'uint32',
});

const INSTANCE_GROUP = message({
  name: 'string',
  kind: enumeration('KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL'),
  count: 'int32',
  rate_limiter: message({
    resources: repeated(message({ name: 'string', global: 'bool', count: 'uint32' })),
    priority: 'uint32',
  }),
  gpus: repeated('int32'),
  secondary_devices: repeated(message({ kind: enumeration('KIND_NVDLA'), device_id: 'int64' })),
  profile: repeated('string'),
  passive: 'bool',
  host_policy: 'string',
});

const MODEL_WARMUP = message({
  name: 'string',
  batch_size: 'uint32',
  inputs: mapping(
    message({
      data_type: DATA_TYPE,
      dims: repeated('int64'),
      zero_data: 'bool',
      random_data: 'bool',
      input_data_file: 'string',
    }),
  ),
  count: 'uint32',
});

export const TRITON_MODEL_CONFIG = message({
  name: 'string',
  platform: 'string',
  backend: 'string',
  runtime: 'string',
  version_policy: VERSION_POLICY,
  max_batch_size: 'int32',
  input: repeated(INPUT),
  output: repeated(OUTPUT),
  batch_input: repeated(BATCH_INPUT),
  batch_output: repeated(BATCH_OUTPUT),
  optimization: OPTIMIZATION,
  dynamic_batching: DYNAMIC_BATCHING,
  sequence_batching: SEQUENCE_BATCHING,
  ensemble_scheduling: ENSEMBLE_SCHEDULING,
  instance_group: repeated(INSTANCE_GROUP),
  default_model_filename: 'string',
  cc_model_filenames: mapping('string'),
  metric_tags: mapping('string'),
  parameters: mapping(message({ string_value: 'string' })),
  model_warmup: repeated(MODEL_WARMUP),
  model_operations: message({ op_library_filename: repeated('string') }),
  model_transaction_policy: message({ decoupled: 'bool' }),
  model_repository_agents: message({
    agents: repeated(message({ name: 'string', parameters: mapping('string') })),
  }),
  response_cache: message({ enable: 'bool' }),
  model_metrics: message({
    metric_control: repeated(
      message({
        metric_identifier: message({ family: 'string' }),
        histogram_options: message({ buckets: repeated('float') }),
      }),
    ),
  }),
});

export type TritonModelConfig = Decoded<typeof TRITON_MODEL_CONFIG>;
