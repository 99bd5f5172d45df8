/** The JSON documents that describe models: metadata, readiness, repository index, configuration, statistics. */
import { tritonConfigJson } from '../oip/triton-config.ts';
import type { Fleet } from './fleet.ts';
import type { ModelRoute, VersionRoute } from './model-route.ts';
import type { DurationTotal, VersionStatistics } from './version-statistics.ts';

export function serverMetadata(version: string): object {
  return {
    name: 'turntable',
    version,
    extensions: ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics'],
  };
}

/** KServe's `GET /v2/models`: what is served or is about to be. */
export function modelList(fleet: Fleet): object {
  const served = [...fleet.models].filter((model) =>
    [...model.versions.values()].some(({ record }) => record.state === 'READY' || record.state === 'LOADING'),
  );
  return { models: served.map((model) => model.id_model).sort() };
}

/** Undefined while the model's inputs and outputs are not known. */
export function modelMetadata(model: ModelRoute, route: VersionRoute): object | undefined {
  const { signature, platform } = route.record;
  if (!signature) return undefined;
  return {
    name: route.id_model,
    versions: [...model.versions.values()].filter((one) => one.ready).map((one) => one.version),
    platform,
    inputs: signature.inputs,
    outputs: signature.outputs,
  };
}

/** Triton's repository index. */
export function repositoryIndex(fleet: Fleet, onlyReady: boolean): object {
  const entries = [];
  for (const route of fleet.routes()) {
    const { id_model: name, version, record } = route;
    const state = record.state === 'READY' && !route.ready ? 'UNAVAILABLE' : record.state;
    if (onlyReady && state !== 'READY') continue;
    const reason = state === 'UNAVAILABLE' && record.state === 'READY' ? 'no worker answers' : record.reason;
    entries.push({ name, version, state, reason });
  }
  return entries.sort((a, b) => a.name.localeCompare(b.name) || Number(a.version) - Number(b.version));
}

/** Triton's model configuration, as it is in effect. Undefined while the model is not known. */
export function modelConfig(model: ModelRoute, route: VersionRoute): object | undefined {
  const { signature, max_batch_size, max_queue_delay_us, replicas, idempotent } = route.record;
  if (!signature) return undefined;
  const served = [...model.versions.values()].filter((one) => one.ready).map((one) => one.version);
  return tritonConfigJson({
    name: route.id_model,
    ...(served.length > 1 ? { servedVersions: served } : {}),
    maxBatchSize: max_batch_size,
    maxQueueDelayUs: max_queue_delay_us,
    replicas,
    idempotent,
    signature,
  });
}

/** Triton's statistics, as this gateway has counted them. */
export function modelStatistics(routes: Iterable<VersionRoute>): object {
  return { model_stats: Array.from(routes, (route) => versionStatistics(route, route.statistics)) };
}

function versionStatistics(route: VersionRoute, statistics: VersionStatistics): object {
  const { success, fail, queue, computeInput, computeInfer, computeOutput } = statistics;
  return {
    name: route.id_model,
    version: route.version,
    last_inference: statistics.lastInference,
    inference_count: statistics.inferences,
    execution_count: Math.round(statistics.executions),
    inference_stats: {
      success: rounded(success),
      fail: rounded(fail),
      queue: rounded(queue),
      compute_input: rounded(computeInput),
      compute_infer: rounded(computeInfer),
      compute_output: rounded(computeOutput),
    },
    batch_stats: [...statistics.byBatchRows]
      .sort(([a], [b]) => a - b)
      .map(([batch_size, batch]) => ({
        batch_size,
        compute_input: rounded(batch.computeInput),
        compute_infer: rounded(batch.computeInfer),
        compute_output: rounded(batch.computeOutput),
      })),
  };
}

function rounded(total: DurationTotal): DurationTotal {
  return { count: Math.round(total.count), ns: Math.round(total.ns) };
}
