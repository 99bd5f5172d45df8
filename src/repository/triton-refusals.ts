/**
 * Which of Triton's fields are refused.
 *
 * The rule: a field that only tunes (speed, memory, queueing, warm-up, metrics, devices that would merely be
 * preferred) is accepted, and unused where this server does not act on it. A field that would change which
 * answers a client gets, what a request must contain or which device is required is refused, because a model
 * that is served other than its configuration says is worse than one that is not served.
 *
 * Accepted and unused: optimization, model_warmup, metric_tags, model_metrics, cc_model_filenames (chosen by
 * CUDA capability), label_filename (for the classification extension, which is not offered), queue policies,
 * priorities and preserve_ordering of dynamic_batching, rate_limiter and host_policy of instance_group, and
 * every entry of parameters but intra_op_thread_count and idempotent.
 */
import { quote } from './config-fault.ts';
import type { TritonModelConfig } from './triton-schema.ts';

/** Notes that a field, given by its path, cannot be served as it stands. */
export type Refuse = (field: string, message: string) => void;

const ONNX_RUNTIME_LIBRARY = 'libtriton_onnxruntime.so';

export function refuseUnserved(model: TritonModelConfig, refuse: Refuse): void {
  refuseOtherBackends(model, refuse);
  refuseOtherScheduling(model, refuse);
  for (const section of ['input', 'output'] as const) {
    for (const [index, tensor] of model[section].entries())
      refuseTensor(tensor, `${section}[${index}]`, refuse);
  }
  for (const [index, group] of model.instance_group.entries()) {
    refuseInstances(group, `instance_group[${index}]`, refuse);
  }
  if ((model.model_operations?.op_library_filename.length ?? 0) > 0) {
    refuse('model_operations.op_library_filename', 'custom operators are not supported');
  }
  if ((model.model_repository_agents?.agents.length ?? 0) > 0) {
    refuse('model_repository_agents.agents', 'repository agents are not supported');
  }
}

function refuseOtherBackends({ platform, backend, runtime }: TritonModelConfig, refuse: Refuse): void {
  if (platform && platform !== 'onnxruntime_onnx') {
    refuse('platform', `${quote(platform)} is not served; only "onnxruntime_onnx" is`);
  }
  if (backend && backend !== 'onnxruntime') {
    refuse('backend', `${quote(backend)} is not served; only "onnxruntime" is`);
  }
  if (runtime && runtime !== ONNX_RUNTIME_LIBRARY) {
    refuse('runtime', `${quote(runtime)} is not served; only "${ONNX_RUNTIME_LIBRARY}" is`);
  }
}

function refuseOtherScheduling(model: TritonModelConfig, refuse: Refuse): void {
  if (model.ensemble_scheduling !== undefined) refuse('ensemble_scheduling', 'ensembles are not supported');
  if (model.sequence_batching !== undefined) {
    refuse(
      'sequence_batching',
      'stateful sequences are not supported; requests are independent of each other',
    );
  }
  if (model.batch_input.length > 0) refuse('batch_input', 'inputs made from the batch are not supported');
  if (model.batch_output.length > 0)
    refuse('batch_output', 'outputs scattered by the batch are not supported');
  if (model.model_transaction_policy?.decoupled === true) {
    refuse('model_transaction_policy.decoupled', 'must be false: each request gets exactly one response');
  }
  if (model.response_cache?.enable === true) {
    refuse('response_cache.enable', 'must be false: answers are never taken from a cache');
  }
}

function refuseTensor(
  tensor: TritonModelConfig['input'][number] | TritonModelConfig['output'][number],
  path: string,
  refuse: Refuse,
): void {
  if (tensor.reshape !== undefined) {
    refuse(
      `${path}.reshape`,
      'is not supported; leave out all of input and output to have them read from the model',
    );
  }
  if (tensor.is_shape_tensor === true)
    refuse(`${path}.is_shape_tensor`, 'shape tensors exist in TensorRT only');
  if (tensor.is_non_linear_format_io === true) {
    refuse(`${path}.is_non_linear_format_io`, 'non-linear formats exist in TensorRT only');
  }
  if ('allow_ragged_batch' in tensor && tensor.allow_ragged_batch === true) {
    refuse(`${path}.allow_ragged_batch`, 'ragged batches are not supported');
  }
  if ('optional' in tensor && tensor.optional === true) {
    refuse(`${path}.optional`, 'must be false: every request gives every input');
  }
}

function refuseInstances(
  group: TritonModelConfig['instance_group'][number],
  path: string,
  refuse: Refuse,
): void {
  if (group.kind === 'KIND_GPU') {
    refuse(
      `${path}.kind`,
      'KIND_GPU cannot be had: this server runs models on the CPU; use KIND_CPU or KIND_AUTO',
    );
  }
  if ((group.kind === 'KIND_CPU' || group.kind === 'KIND_MODEL') && group.gpus.length > 0) {
    refuse(`${path}.gpus`, `contradicts kind ${group.kind}`);
  }
  if (group.secondary_devices.length > 0) refuse(`${path}.secondary_devices`, 'are not supported');
  if (group.profile.length > 0) refuse(`${path}.profile`, 'optimization profiles exist in TensorRT only');
  if (group.passive === true) refuse(`${path}.passive`, 'must be false: every instance takes requests');
}
