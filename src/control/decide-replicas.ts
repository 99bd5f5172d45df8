/** Which workers to start, retire or kill, from what is wanted and what is there. Pure. */
import type { WorkerStatus } from '../table/worker-row.ts';

/** A model version that is to be served. */
export interface WantedVersion {
  readonly id_model: string;
  readonly version: string;
  readonly replicas: number;
  /** Counts up when its files or configuration change; workers of an earlier generation are replaced. */
  readonly generation: number;
  /** Not before this moment may a worker be started, after earlier ones died; milliseconds. */
  readonly startNotBefore: number;
}

/** A worker process that was started. */
export interface SupervisedWorker {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly generation: number;
  readonly startedAt: number;
  /** Its row's status; undefined until it has registered. */
  readonly status: WorkerStatus | undefined;
  /** Since when it is in ERROR; undefined when it is not. */
  readonly errorSince: number | undefined;
  /** It has been ready before. */
  readonly served: boolean;
  /** Why its process ended; undefined while it runs, as far as known. */
  readonly ended: string | undefined;
}

/** A version whose workers are to drain, with those left. */
export interface UnloadingVersion {
  readonly id_model: string;
  readonly version: string;
  readonly left: number;
}

/** A version that nobody asked for and no worker has served for a while. */
export interface DesertedVersion {
  readonly id_model: string;
  readonly version: string;
  readonly desertedSince: number;
}

export interface ReplicaObservation {
  readonly wanted: readonly WantedVersion[];
  readonly workers: readonly SupervisedWorker[];
  readonly unloading: readonly UnloadingVersion[];
  readonly deserted: readonly DesertedVersion[];
  readonly now: number;
  /** A worker in ERROR for longer than this is killed and replaced, milliseconds. */
  readonly errorGraceMs: number;
  /** A worker that has not become ready in this time is killed, milliseconds. */
  readonly startTimeoutMs: number;
}

export type ReplicaAction =
  | { readonly type: 'start'; readonly id_model: string; readonly version: string }
  | { readonly type: 'retire'; readonly id_worker: string }
  | { readonly type: 'kill'; readonly id_worker: string; readonly reason: string }
  /** Its process is gone; its row is to follow. */
  | { readonly type: 'bury'; readonly id_worker: string; readonly reason: string }
  /** The last worker of a version that was unloaded is gone. */
  | { readonly type: 'unloaded'; readonly id_model: string; readonly version: string }
  /** A version that somebody had served by hand is not served any more. */
  | { readonly type: 'forget'; readonly id_model: string; readonly version: string };

/** Longer than starting a worker anew takes: until then requests wait for it and do not hear of an unknown model. */
const DESERTED_MS = 60_000;

export function decideReplicas(observed: ReplicaObservation): readonly ReplicaAction[] {
  const actions: ReplicaAction[] = [];
  const dying = new Set<string>();
  for (const worker of observed.workers) {
    const { id_worker, ended } = worker;
    const reason = ended ?? reasonToKill(worker, observed);
    if (reason === undefined) continue;
    dying.add(id_worker);
    actions.push({ type: ended === undefined ? 'kill' : 'bury', id_worker, reason });
  }
  // UPDATING workers are on their way out already.
  const staying = observed.workers.filter((one) => one.status !== 'UPDATING' && !dying.has(one.id_worker));
  const isWanted = new Set<SupervisedWorker>();
  for (const wanted of observed.wanted) {
    const { id_model, version, replicas, generation } = wanted;
    const own = staying.filter((one) => one.id_model === id_model && one.version === version);
    const current = own.filter((one) => one.generation === generation);
    const kept = [...current].sort(byUsefulness).slice(0, replicas);
    for (const worker of kept) isWanted.add(worker);
    // Those of an earlier generation serve until their successors do.
    if (kept.filter((one) => one.status === 'ACTIVE').length < replicas) {
      for (const worker of own) if (worker.generation !== generation) isWanted.add(worker);
    }
    if (observed.now < wanted.startNotBefore) continue;
    for (let missing = replicas - current.length; missing > 0; missing--) {
      actions.push({ type: 'start', id_model, version });
    }
  }
  for (const worker of staying) {
    if (!isWanted.has(worker)) actions.push({ type: 'retire', id_worker: worker.id_worker });
  }
  for (const { id_model, version, left } of observed.unloading) {
    if (left === 0) actions.push({ type: 'unloaded', id_model, version });
  }
  for (const { id_model, version, desertedSince } of observed.deserted) {
    if (observed.now - desertedSince > DESERTED_MS) actions.push({ type: 'forget', id_model, version });
  }
  return actions;
}

function reasonToKill(worker: SupervisedWorker, observed: ReplicaObservation): string | undefined {
  const { now, errorGraceMs, startTimeoutMs } = observed;
  if (worker.errorSince !== undefined && now - worker.errorSince > errorGraceMs) {
    return `in ERROR for more than ${errorGraceMs} ms`;
  }
  if (worker.served && worker.status === undefined) return 'its row was removed';
  const starting = worker.status === undefined || worker.status === 'INACTIVE';
  if (starting && now - worker.startedAt > startTimeoutMs) return `not ready after ${startTimeoutMs} ms`;
  return undefined;
}

/** The ones to keep first: those that serve, then the oldest. */
function byUsefulness(a: SupervisedWorker, b: SupervisedWorker): number {
  const serving = Number(b.status === 'ACTIVE') - Number(a.status === 'ACTIVE');
  return serving !== 0 ? serving : a.startedAt - b.startedAt;
}

const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 30_000;

/**
 * How long to wait before the next start after `failures` deaths in a row: not at all after the first, which is
 * most often an accident, then doubling.
 */
export function restartDelayMs(failures: number): number {
  if (failures <= 1) return 0;
  return Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (failures - 2));
}
