/** Rows, records and loads as Redis keeps them: hashes of text, with the field names of the table. */
import type { ModelSignature } from '../../oip/tensor.ts';
import type { WorkerLoad } from '../load-statement.ts';
import type { StoredRow } from '../local-view.ts';
import type { ModelRecord, ModelState } from '../model-record.ts';
import { WORKER_STATUSES, type WorkerRegistration, type WorkerStatus } from '../worker-row.ts';

/** Names and values, one after the other, as scripts take and `HGETALL` gives them. */
export type FlatHash = readonly string[];

export function toFields(flat: FlatHash): Map<string, string> {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] as string, flat[i + 1] as string);
  return fields;
}

export function encodeRegistration(registration: WorkerRegistration): string[] {
  const { id_model, version, endpoint, slots, node, pid, supervised, revision, weight } = registration;
  return [
    ...['id_model', id_model, 'version', version, 'endpoint', endpoint, 'slots', String(slots)],
    ...['node', node, 'pid', String(pid), 'supervised', flag(supervised), 'revision', revision],
    ...['weight', String(weight)],
  ];
}

/** Undefined when something else than a row of ours lies there. */
export function decodeRow(fields: ReadonlyMap<string, string>): StoredRow | undefined {
  const text = (name: string) => fields.get(name) ?? '';
  const number = (name: string) => Number(fields.get(name) ?? 0) || 0;
  const status = text('status') as WorkerStatus;
  if (text('id_worker') === '' || !WORKER_STATUSES.includes(status)) return undefined;
  return {
    id_worker: text('id_worker'),
    id_model: text('id_model'),
    version: text('version'),
    status,
    endpoint: text('endpoint'),
    slots: Math.max(1, number('slots')),
    node: text('node'),
    pid: number('pid'),
    supervised: text('supervised') === '1',
    revision: text('revision'),
    // An older row has none.
    weight: Math.max(1, number('weight')),
    last_activity: number('last_activity'),
    registered_at: number('registered_at'),
    rss_bytes: number('rss_bytes'),
    reason: text('reason'),
  };
}

/** All but the signature, which stays when the caller does not know it. */
export function encodeRecord(record: ModelRecord): string[] {
  const { id_model, version, state, reason, platform, replicas, max_batch_size, max_queue_delay_us } = record;
  return [
    ...['id_model', id_model, 'version', version, 'state', state, 'reason', reason, 'platform', platform],
    ...['replicas', String(replicas), 'max_batch_size', String(max_batch_size)],
    ...['max_queue_delay_us', String(max_queue_delay_us), 'unloaded', flag(record.unloaded)],
    ...['idempotent', flag(record.idempotent)],
  ];
}

export function encodeSignature(signature: ModelSignature | undefined): string {
  return signature ? JSON.stringify(signature) : '';
}

const MODEL_STATES: readonly ModelState[] = ['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'];

/** Undefined when something else than a record of ours lies there. */
export function decodeRecord(fields: ReadonlyMap<string, string>): ModelRecord | undefined {
  const text = (name: string) => fields.get(name) ?? '';
  const number = (name: string) => Number(fields.get(name) ?? 0) || 0;
  const state = text('state') as ModelState;
  if (text('id_model') === '' || !MODEL_STATES.includes(state)) return undefined;
  return {
    id_model: text('id_model'),
    version: text('version'),
    state,
    reason: text('reason'),
    platform: text('platform'),
    replicas: number('replicas'),
    max_batch_size: number('max_batch_size'),
    max_queue_delay_us: number('max_queue_delay_us'),
    // An older record does not say.
    idempotent: text('idempotent') !== '0',
    signature: decodeSignature(text('signature')),
    unloaded: text('unloaded') === '1',
  };
}

function decodeSignature(text: string): ModelSignature | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as ModelSignature;
  } catch {
    return undefined;
  }
}

const MAX_EJECTED_LENGTH = 200;

/**
 * A line for each: `id_worker in_flight completed failed latency_ms reachable`, as in `fraud-1-3k1x… 3 1204 0 1.25 1`,
 * with the reason behind it where the gateway has ejected the worker.
 */
export function encodeLoads(loads: readonly WorkerLoad[]): string {
  let text = '';
  for (const { id_worker, in_flight, completed, failed, latency_ms, reachable, ejected } of loads) {
    // In microseconds: rounding costs a tenth of toFixed().
    const latency = Math.round(latency_ms * 1000) / 1000;
    const reason = ejected === '' ? '' : ` ${oneLine(ejected)}`;
    text += `${id_worker} ${in_flight} ${completed} ${failed} ${latency} ${flag(reachable)}${reason}\n`;
  }
  return text;
}

/** Lines that are not of that form are passed over. */
export function decodeLoads(text: string): WorkerLoad[] {
  const loads: WorkerLoad[] = [];
  for (const line of text.split('\n')) {
    const [id_worker, in_flight, completed, failed, latency_ms, reachable, ...ejected] = line.split(' ');
    if (id_worker === undefined || reachable === undefined) continue;
    loads.push({
      id_worker,
      in_flight: Math.max(0, Number(in_flight) || 0),
      completed: Number(completed) || 0,
      failed: Number(failed) || 0,
      latency_ms: Number(latency_ms) || 0,
      reachable: reachable === '1',
      ejected: ejected.join(' '),
    });
  }
  return loads;
}

function oneLine(reason: string): string {
  return reason.slice(0, MAX_EJECTED_LENGTH).replaceAll(/\s/g, ' ');
}

function flag(value: boolean): string {
  return value ? '1' : '0';
}
