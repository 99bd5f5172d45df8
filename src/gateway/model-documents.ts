/** The JSON documents that describe models: metadata, readiness, repository index, configuration. */
import { tritonConfigJson } from '../oip/triton-config.ts';
import type { Fleet } from './fleet.ts';
import type { ModelRoute, VersionRoute } from './model-route.ts';

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
