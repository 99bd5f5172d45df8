/** Reads a Triton `config.pbtxt` as the configuration that this server acts on. */
import type { ModelConfig } from '../config/model-config.ts';
import { type ConfigFault, MAX_FAULTS, quote } from './config-fault.ts';
import { isVersionName, pathFault } from './names.ts';
import { decodeText } from './text-decode.ts';
import { parseTextFormat } from './text-format.ts';
import { type Refuse, refuseUnserved } from './triton-refusals.ts';
import { TRITON_MODEL_CONFIG, type TritonModelConfig } from './triton-schema.ts';
import { readTensors } from './triton-tensors.ts';
import { LATEST_VERSION, type VersionPolicy } from './version-policy.ts';

export interface TritonConfig {
  readonly config: ModelConfig;
  readonly versionPolicy: VersionPolicy;
  /** Relative to the version's directory. Absent: model.onnx. */
  readonly modelFilename?: string;
  /** Where a field stands, by its path, for what is found out about it later. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Longer than any client waits for an answer; more is a mistake in the unit. */
const MAX_QUEUE_DELAY_US = 60_000_000;

// Each instance is a process. These bounds only stop a slip of the finger from exhausting the machine.
const MAX_REPLICAS = 1024;
const MAX_THREADS = 1024;

/** Never throws. `source` becomes that of the configuration. */
export function readConfigPbtxt(
  text: string,
  idModel: string,
  source: string,
): TritonConfig | { readonly faults: readonly ConfigFault[] } {
  const tree = parseTextFormat(text);
  if ('fault' in tree) return { faults: [tree.fault] };
  const decoded = decodeText(tree.message, TRITON_MODEL_CONFIG);
  if ('faults' in decoded) return decoded;

  const { value: model, lines } = decoded;
  const faults: ConfigFault[] = [];
  const refuse: Refuse = (field, message) => {
    if (faults.length < MAX_FAULTS) faults.push({ line: lineOf(field, lines), field, message });
  };
  refuseUnserved(model, refuse);
  if (model.name && model.name !== idModel) {
    refuse('name', `${quote(model.name)} differs from the name of the directory, ${quote(idModel)}`);
  }
  const filename = model.default_model_filename;
  const filenameFault = filename ? pathFault(filename) : undefined;
  if (filenameFault !== undefined)
    refuse('default_model_filename', `${quote(filename ?? '')} ${filenameFault}`);
  const config: ModelConfig = {
    ...readBatching(model, refuse),
    ...readInstances(model, refuse),
    ...readIdempotence(model, refuse),
    ...(model.input.length > 0 && { inputs: readTensors(model, 'input', refuse) }),
    ...(model.output.length > 0 && { outputs: readTensors(model, 'output', refuse) }),
    source,
  };
  const versionPolicy = readVersionPolicy(model, refuse);
  if (faults.length > 0) return { faults: faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
  return { config, versionPolicy, lines, ...(filename && { modelFilename: filename }) };
}

/** Of a field that is missing, the line of what it is missing from. */
export function lineOf(field: string, lines: ReadonlyMap<string, number>): number | undefined {
  const parent = field.replace(/\.[^.]*$/, '');
  return lines.get(field) ?? lines.get(parent);
}

function readBatching(model: TritonModelConfig, refuse: Refuse): ModelConfig {
  const { max_batch_size: maxBatchSize, dynamic_batching: batching } = model;
  if (maxBatchSize !== undefined && maxBatchSize < 0) refuse('max_batch_size', `${maxBatchSize} is negative`);
  const size = maxBatchSize === undefined ? {} : { maxBatchSize };
  if (batching === undefined) return size;

  if (maxBatchSize === 0)
    refuse('dynamic_batching', 'contradicts max_batch_size: 0, by which nothing is batched');
  for (const [index, preferred] of batching.preferred_batch_size.entries()) {
    const path = `dynamic_batching.preferred_batch_size[${index}]`;
    if (preferred < 1) refuse(path, `must be at least 1, not ${preferred}`);
    else if (maxBatchSize !== undefined && maxBatchSize > 0 && preferred > maxBatchSize) {
      refuse(path, `${preferred} is above max_batch_size, which is ${maxBatchSize}`);
    }
  }
  const levels = batching.priority_levels ?? 0n;
  const defaultLevel = batching.default_priority_level ?? 0n;
  if (levels > 0n && (defaultLevel < 1n || defaultLevel > levels)) {
    refuse(
      'dynamic_batching.default_priority_level',
      `must be 1 to ${levels}, the priority_levels, not ${defaultLevel}`,
    );
  }
  const delayUs = batching.max_queue_delay_microseconds;
  if (delayUs === undefined) return size;
  if (delayUs > MAX_QUEUE_DELAY_US) {
    refuse(
      'dynamic_batching.max_queue_delay_microseconds',
      `${delayUs} is above ${MAX_QUEUE_DELAY_US}, a minute`,
    );
  }
  return { ...size, maxQueueDelayUs: Number(delayUs) };
}

function readInstances(model: TritonModelConfig, refuse: Refuse): ModelConfig {
  let replicas = 0;
  for (const [index, group] of model.instance_group.entries()) {
    const count = group.count ?? 1;
    if (count < 1) refuse(`instance_group[${index}].count`, `must be at least 1, not ${count}`);
    replicas += count;
  }
  if (replicas > MAX_REPLICAS)
    refuse('instance_group', `asks for ${replicas} instances; at most ${MAX_REPLICAS} may be`);

  const threads = model.parameters.get('intra_op_thread_count')?.string_value;
  const intraOpThreads = Number(threads ?? '0');
  if (threads !== undefined && !(/^[0-9]{1,9}$/.test(threads) && intraOpThreads <= MAX_THREADS)) {
    refuse(
      'parameters["intra_op_thread_count"]',
      `must be an integer from 0 to ${MAX_THREADS}, not ${quote(threads)}`,
    );
  }
  return {
    ...(model.instance_group.length > 0 && { replicas }),
    ...(threads !== undefined && { intraOpThreads }),
  };
}

/** A parameter of ours: Triton sends no request twice, and so has no field for it. */
function readIdempotence({ parameters }: TritonModelConfig, refuse: Refuse): ModelConfig {
  if (!parameters.has('idempotent')) return {};
  const said = parameters.get('idempotent')?.string_value ?? '';
  const value = said.toLowerCase();
  if (value !== 'true' && value !== 'false') {
    refuse('parameters["idempotent"]', `must be "true" or "false", not ${quote(said)}`);
  }
  return { idempotent: value === 'true' };
}

function readVersionPolicy({ version_policy: policy }: TritonModelConfig, refuse: Refuse): VersionPolicy {
  if (policy === undefined) return LATEST_VERSION;
  const { latest, all, specific } = policy;
  if ([latest, all, specific].filter((choice) => choice !== undefined).length > 1) {
    refuse('version_policy', 'takes one of latest, all and specific');
  }
  if (all !== undefined) return { kind: 'all' };
  if (specific !== undefined) {
    if (specific.versions.length === 0) refuse('version_policy.specific.versions', 'names no version');
    const versions = specific.versions.map(String);
    for (const [index, version] of versions.entries()) {
      if (isVersionName(version)) continue;
      refuse(
        `version_policy.specific.versions[${index}]`,
        `${version} is not a version; versions start at 1`,
      );
    }
    return { kind: 'specific', versions };
  }
  const count = latest?.num_versions ?? 1;
  if (count < 1) refuse('version_policy.latest.num_versions', 'must be at least 1, not 0');
  return { kind: 'latest', count };
}
