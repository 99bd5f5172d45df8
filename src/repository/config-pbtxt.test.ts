import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../config/model-config.ts';
import { describeFault, MAX_FAULTS } from './config-fault.ts';
import { readConfigPbtxt, type TritonConfig } from './config-pbtxt.ts';

/** As an operator sees them. */
function faultsOf(text: string): string[] {
  const read = readConfigPbtxt(text, 'fraud', 'fraud/config.pbtxt');
  return 'faults' in read ? read.faults.map((fault) => describeFault('fraud/config.pbtxt', fault)) : [];
}

function read(text: string): TritonConfig {
  expect(faultsOf(text)).toEqual([]);
  return readConfigPbtxt(text, 'fraud', 'fraud/config.pbtxt') as TritonConfig;
}

function configOf(text: string): ModelConfig {
  const { source, ...config } = read(text).config;
  expect(source).toBe('fraud/config.pbtxt');
  return config;
}

const FULL = `
# As a team that comes from Triton has it.
name: "fraud"
platform: "onnxruntime_onnx"
backend: "onnxruntime"
max_batch_size: 64
input [
  { name: "features", data_type: TYPE_FP32, dims: [ 30 ] },
  { name: "country"
    data_type: TYPE_STRING
    dims: [ -1, 2 ] }
]
output { name: "probability" data_type: TYPE_FP64 dims: 2 label_filename: "labels.txt" }
version_policy: { specific: { versions: [ 1, 3 ] } }
instance_group [ { count: 2 kind: KIND_CPU name: "a" }, { kind: KIND_AUTO gpus: [ 0 ] }, { kind: KIND_MODEL } ]
dynamic_batching {
  preferred_batch_size: [ 16, 64 ]
  max_queue_delay_microseconds: 500
  preserve_ordering: true
  priority_levels: 2
  default_priority_level: 1
  default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1000 max_queue_size: 9 }
  priority_queue_policy { key: 1 value: { allow_timeout_override: true } }
}
optimization {
  graph: { level: 1 }
  priority: PRIORITY_MAX
  cuda { graphs: true graph_spec [ { batch_size: 1 input { key: "x" value { dim: [ 3 ] } } } ] }
  execution_accelerators {
    gpu_execution_accelerator : [ { name : "tensorrt" parameters { key: "precision_mode" value: "FP16" } } ]
    cpu_execution_accelerator : [ { name : "openvino" } ]
  }
  input_pinned_memory { enable: false }
}
parameters { key: "intra_op_thread_count" value: { string_value: "4" } }
parameters { key: "execution_mode" value: { string_value: "0" } }
model_warmup [ { name: "w" batch_size: 1 inputs { key: "features" value: { data_type: TYPE_FP32 dims: 30 zero_data: true } } } ]
default_model_filename: "fraud.onnx"
cc_model_filenames { key: "7.5" value: "model75.onnx" }
metric_tags { key: "team" value: "risk" }
model_transaction_policy { decoupled: false }
response_cache { enable: false }
model_metrics { metric_control { metric_identifier { family: "f" } histogram_options { buckets: [ -1.5, 2e3, inf ] } } }
`;

describe('config.pbtxt', () => {
  it('reads what this server acts on and accepts what only tunes', () => {
    expect(read(FULL)).toMatchObject({
      config: {
        maxBatchSize: 64,
        maxQueueDelayUs: 500,
        replicas: 4,
        intraOpThreads: 4,
        inputs: [
          { name: 'features', datatype: 'FP32', shape: [-1, 30] },
          { name: 'country', datatype: 'BYTES', shape: [-1, -1, 2] },
        ],
        outputs: [{ name: 'probability', datatype: 'FP64', shape: [-1, 2] }],
        source: 'fraud/config.pbtxt',
      },
      versionPolicy: { kind: 'specific', versions: ['1', '3'] },
      modelFilename: 'fraud.onnx',
    });
  });

  it('leaves out what the file does not say', () => {
    expect(read('')).toEqual({
      config: { source: 'fraud/config.pbtxt' },
      versionPolicy: { kind: 'latest', count: 1 },
      lines: new Map(),
    });
    expect(configOf('name: "" platform: "" default_model_filename: "" dynamic_batching { }')).toEqual({});
  });

  it('takes dims as the whole shape where the model is not batched', () => {
    const input = 'input { name: "x" data_type: TYPE_INT8 dims: [ 1, -1 ] }';
    const inputs = [{ name: 'x', datatype: 'INT8', shape: [1, -1] }];
    expect(configOf(`max_batch_size: 0 ${input}`)).toEqual({ maxBatchSize: 0, inputs });
    expect(configOf(input)).toEqual({ inputs });
  });

  it.each([
    ['all { }', { kind: 'all' }],
    ['latest { num_versions: 3 }', { kind: 'latest', count: 3 }],
    ['latest { }', { kind: 'latest', count: 1 }],
    ['specific { versions: 9007199254740993 }', { kind: 'specific', versions: ['9007199254740993'] }],
    ['', { kind: 'latest', count: 1 }],
  ])('reads version_policy { %s }', (policy, versionPolicy) => {
    expect(read(`version_policy { ${policy} }`)).toMatchObject({ versionPolicy });
  });

  it('takes zero threads as the choice of ONNX Runtime', () => {
    const text = 'parameters [ { key: "intra_op_thread_count" value: { string_value: "0" } } ]';
    expect(configOf(text)).toEqual({ intraOpThreads: 0 });
  });

  it.each([
    ['false', false],
    ['False', false],
    ['true', true],
    ['TRUE', true],
  ])('reads that requests are idempotent: %s', (said, idempotent) => {
    expect(configOf(`parameters { key: "idempotent" value { string_value: "${said}" } }`)).toEqual({
      idempotent,
    });
  });

  it.each([
    // Not a configuration that Triton has.
    ['max_batchsize: 8', "1: max_batchsize: there is no such field in Triton's model configuration"],
    ['\ninput { naem: "x" }', "2: input[0].naem: there is no such field in Triton's model configuration"],
    [
      'optimization { cuda { graph: true } }',
      "1: optimization.cuda.graph: there is no such field in Triton's model configuration",
    ],
    ['max_batch_size: "8"', '1: max_batch_size: expected an integer, found "8"'],
    ['max_batch_size: 8.0', '1: max_batch_size: expected an integer, found "8.0"'],
    ['max_batch_size: eight', '1: max_batch_size: expected an integer, found "eight"'],
    ['max_batch_size: [ 8 ]', '1: max_batch_size: takes one value, not a list'],
    ['max_batch_size: 8\nmax_batch_size: 16', '2: max_batch_size: is given twice, first in line 1'],
    ['max_batch_size { }', '1: max_batch_size: takes a plain value, not { … }'],
    ['dynamic_batching: 1', '1: dynamic_batching: expected { … }, found "1"'],
    [
      'max_batch_size: 4294967296',
      '1: max_batch_size: "4294967296" is outside the range -2147483648 to 2147483647',
    ],
    [
      'input { name: "x" data_type: TYPE_FP32\ndims: [ 1,\n9223372036854775808 ] }',
      '3: input[0].dims[1]: "9223372036854775808" is outside the range -9223372036854775808 to 9223372036854775807',
    ],
    ['name: fraud', '1: name: expected a string in quotes, found "fraud"'],
    [
      'model_transaction_policy { decoupled: 2 }',
      '1: model_transaction_policy.decoupled: expected true or false, found "2"',
    ],
    ['name: "fraud', '1: string is not closed on its line'],
    ['name: "fraud"\ninput [ { name: "x" }', '2: expected "]", found the end of the file'],
    // Contradicts itself or its surroundings.
    ['name: "frodo"', '1: name: "frodo" differs from the name of the directory, "fraud"'],
    ['max_batch_size: -1', '1: max_batch_size: -1 is negative'],
    [
      'max_batch_size: 0\ndynamic_batching { }',
      '2: dynamic_batching: contradicts max_batch_size: 0, by which nothing is batched',
    ],
    [
      'max_batch_size: 8\ndynamic_batching {\n preferred_batch_size: [ 4,\n 16 ] }',
      '4: dynamic_batching.preferred_batch_size[1]: 16 is above max_batch_size, which is 8',
    ],
    [
      'dynamic_batching { preferred_batch_size: 0 }',
      '1: dynamic_batching.preferred_batch_size[0]: must be at least 1, not 0',
    ],
    [
      'dynamic_batching { max_queue_delay_microseconds: -5 }',
      '1: dynamic_batching.max_queue_delay_microseconds: "-5" is outside the range 0 to 18446744073709551615',
    ],
    [
      'dynamic_batching { max_queue_delay_microseconds: 60000001 }',
      '1: dynamic_batching.max_queue_delay_microseconds: 60000001 is above 60000000, a minute',
    ],
    [
      'dynamic_batching {\npriority_levels: 2 }',
      '1: dynamic_batching.default_priority_level: must be 1 to 2, the priority_levels, not 0',
    ],
    [
      'version_policy { latest { num_versions: 0 } }',
      '1: version_policy.latest.num_versions: must be at least 1, not 0',
    ],
    ['version_policy { all { } latest { } }', '1: version_policy: takes one of latest, all and specific'],
    ['version_policy { specific { } }', '1: version_policy.specific.versions: names no version'],
    [
      'version_policy { specific { versions: [ 1, 0 ] } }',
      '1: version_policy.specific.versions[1]: 0 is not a version; versions start at 1',
    ],
    ['instance_group { count: 0 }', '1: instance_group[0].count: must be at least 1, not 0'],
    ['instance_group { count: -1 }', '1: instance_group[0].count: must be at least 1, not -1'],
    [
      'instance_group { count: 1000 } instance_group { count: 1000 }',
      '1: instance_group: asks for 2000 instances; at most 1024 may be',
    ],
    ['instance_group { kind: KIND_CPU gpus: 0 }', '1: instance_group[0].gpus: contradicts kind KIND_CPU'],
    [
      'parameters { key: "intra_op_thread_count" value: { string_value: "many" } }',
      '1: parameters["intra_op_thread_count"]: must be an integer from 0 to 1024, not "many"',
    ],
    [
      'parameters { key: "idempotent" value: { string_value: "no" } }',
      '1: parameters["idempotent"]: must be "true" or "false", not "no"',
    ],
    [
      '\n\nparameters { key: "idempotent" }',
      '3: parameters["idempotent"]: must be "true" or "false", not ""',
    ],
    [
      'default_model_filename: "../other/1/model.onnx"',
      '1: default_model_filename: "../other/1/model.onnx" must not lead out of the directory of the model',
    ],
    [
      'default_model_filename: "/etc/passwd"',
      '1: default_model_filename: "/etc/passwd" must be relative to the directory of the model',
    ],
    ['default_model_filename: "a\\nb"', '1: default_model_filename: "a\\nb" contains a control character'],
    // Tensors.
    [
      'input { name: "x" data_type: TYPE_FLOAT dims: 1 }',
      '1: input[0].data_type: expected one of TYPE_INVALID, TYPE_BOOL, TYPE_UINT8, TYPE_UINT16, TYPE_UINT32, ' +
        'TYPE_UINT64, TYPE_INT8, TYPE_INT16, TYPE_INT32, TYPE_INT64, TYPE_FP16, TYPE_FP32, TYPE_FP64, TYPE_STRING, ' +
        'TYPE_BF16, found "TYPE_FLOAT"',
    ],
    ['input { name: "x" data_type: TYPE_BF16 dims: 1 }', '1: input[0].data_type: TYPE_BF16 is not supported'],
    ['input { name: "x" dims: 1 }', '1: input[0].data_type: is missing'],
    ['input { data_type: TYPE_FP32 dims: 1 }', '1: input[0].name: is missing'],
    ['output { name: "y"\n data_type: TYPE_FP32 }', '1: output[0].dims: is missing'],
    [
      'input { name: "x" data_type: TYPE_FP32 dims: [ 3, 0 ] }',
      '1: input[0].dims[1]: must be -1 (any) or at least 1, not 0',
    ],
    [
      'input { name: "x" data_type: TYPE_FP32 dims: 9007199254740993 }',
      '1: input[0].dims[0]: 9007199254740993 is too large',
    ],
    [
      'input { name: "x" data_type: TYPE_FP32 dims: 1 }\ninput { name: "x" data_type: TYPE_FP32 dims: 1 }',
      '2: input[1].name: "x" is already the name of input[0]',
    ],
    [
      'input { name: "x" data_type: TYPE_FP32 format: FORMAT_NCHW dims: [ 224, 224 ] }',
      '1: input[0].format: FORMAT_NCHW needs three dims, but there are 2',
    ],
    // Would be served other than it says.
    ['platform: "tensorrt_plan"', '1: platform: "tensorrt_plan" is not served; only "onnxruntime_onnx" is'],
    ['backend: "python"', '1: backend: "python" is not served; only "onnxruntime" is'],
    ['runtime: "model.so"', '1: runtime: "model.so" is not served; only "libtriton_onnxruntime.so" is'],
    [
      'ensemble_scheduling { step [ { model_name: "a" model_version: -1 } ] }',
      '1: ensemble_scheduling: ensembles are not supported',
    ],
    [
      '\nsequence_batching { }',
      '2: sequence_batching: stateful sequences are not supported; requests are independent of each other',
    ],
    [
      'batch_input { kind: BATCH_ELEMENT_COUNT }',
      '1: batch_input: inputs made from the batch are not supported',
    ],
    [
      'batch_output { kind: BATCH_SCATTER_WITH_INPUT_SHAPE }',
      '1: batch_output: outputs scattered by the batch are not supported',
    ],
    [
      'model_transaction_policy { decoupled: true }',
      '1: model_transaction_policy.decoupled: must be false: each request gets exactly one response',
    ],
    [
      'response_cache { enable: true }',
      '1: response_cache.enable: must be false: answers are never taken from a cache',
    ],
    [
      'model_operations { op_library_filename: "ops.so" }',
      '1: model_operations.op_library_filename: custom operators are not supported',
    ],
    [
      'model_repository_agents { agents { name: "decrypt" } }',
      '1: model_repository_agents.agents: repository agents are not supported',
    ],
    [
      'input { name: "x" data_type: TYPE_FP32 dims: 1\n reshape { shape: [ ] } }',
      '2: input[0].reshape: is not supported; leave out all of input and output to have them read from the model',
    ],
    [
      'input { name: "x" data_type: TYPE_FP32 dims: 1 allow_ragged_batch: true }',
      '1: input[0].allow_ragged_batch: ragged batches are not supported',
    ],
    [
      'input { name: "x" data_type: TYPE_FP32 dims: 1 optional: true }',
      '1: input[0].optional: must be false: every request gives every input',
    ],
    [
      'output { name: "y" data_type: TYPE_FP32 dims: 1 is_shape_tensor: true }',
      '1: output[0].is_shape_tensor: shape tensors exist in TensorRT only',
    ],
    [
      'output { name: "y" data_type: TYPE_FP32 dims: 1 is_non_linear_format_io: true }',
      '1: output[0].is_non_linear_format_io: non-linear formats exist in TensorRT only',
    ],
    [
      'instance_group [\n{ kind: KIND_GPU gpus: [ 0 ] } ]',
      '2: instance_group[0].kind: KIND_GPU cannot be had: this server runs models on the CPU; use KIND_CPU or KIND_AUTO',
    ],
    [
      'instance_group { passive: true }',
      '1: instance_group[0].passive: must be false: every instance takes requests',
    ],
    [
      'instance_group { profile: "1" }',
      '1: instance_group[0].profile: optimization profiles exist in TensorRT only',
    ],
    [
      'instance_group { secondary_devices { kind: KIND_NVDLA } }',
      '1: instance_group[0].secondary_devices: are not supported',
    ],
  ])('refuses %s', (text, fault) => {
    expect(faultsOf(text)).toEqual([`fraud/config.pbtxt:${fault}`]);
  });

  it('shows all that is to be mended, in the order of the lines', () => {
    expect(faultsOf('max_batch_size: -1\nplatform: "x"\nname: "y"')).toEqual([
      'fraud/config.pbtxt:1: max_batch_size: -1 is negative',
      'fraud/config.pbtxt:2: platform: "x" is not served; only "onnxruntime_onnx" is',
      'fraud/config.pbtxt:3: name: "y" differs from the name of the directory, "fraud"',
    ]);
  });

  it('bounds what a hostile file can make it say', () => {
    expect(faultsOf('u: 1 '.repeat(1000))).toHaveLength(MAX_FAULTS);
    expect(faultsOf('instance_group { count: -1 }'.repeat(1000))).toHaveLength(MAX_FAULTS);
    for (const fault of [...faultsOf('x'.repeat(1 << 20)), ...faultsOf(`name: "${'\\n'.repeat(1 << 19)}"`)]) {
      expect(fault.length).toBeLessThan(300);
      expect(fault).not.toContain('\n');
    }
  });

  it('is not fooled by names that JavaScript objects have', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(faultsOf(`${name}: 1`)).toEqual([
        `fraud/config.pbtxt:1: ${name}: there is no such field in Triton's model configuration`,
      ]);
      expect(configOf(`parameters { key: "${name}" } metric_tags { key: "${name}" value: "1" }`)).toEqual({});
    }
  });

  it('survives every mutation of a file: it never throws, and faults have a line of the file', () => {
    const tokens = [
      ...new Set(FULL.split(/\s+/)),
      '{',
      '}',
      '[',
      ']',
      ':',
      '-',
      '-1',
      '99999999999999999999',
      '"',
      '\0',
      '\u{1f600}',
    ];
    const mutation = fc.record({
      at: fc.nat(FULL.length),
      remove: fc.nat(40),
      insert: fc.oneof(fc.constant(''), fc.constantFrom(...tokens), fc.string({ maxLength: 8 })),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const text = mutations.reduce(
          (mutated, { at, remove, insert }) => mutated.slice(0, at) + insert + mutated.slice(at + remove),
          FULL,
        );
        const outcome = readConfigPbtxt(text, 'fraud', 'fraud/config.pbtxt');
        if (!('faults' in outcome)) return;
        expect(outcome.faults.length).toBeGreaterThan(0);
        for (const { line } of outcome.faults) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(text.split('\n').length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
