/** Which workers the gateways agree to keep off, though they reach them. Pure. */
import type { WorkerLoad } from '../table/load-statement.ts';
import { modelKey } from '../table/model-record.ts';
import type { WorkerRow } from '../table/worker-row.ts';

export interface ObservedWorker {
  readonly row: WorkerRow;
  /** What each live gateway says of it. */
  readonly statements: readonly WorkerLoad[];
}

/**
 * A worker counts as ejected while at least half of the gateways that speak of it have ejected it, but never more
 * than half of a version's workers do: each gateway bounds what it ejects itself, but several may each eject others.
 * Those that are in ERROR come first, so that two do not take turns, then those that most gateways have ejected.
 *
 * @param able those that are ACTIVE, or in ERROR with nothing else against them
 * @returns the reason by id_worker
 */
export function decideAgreedEjections(able: readonly ObservedWorker[]): ReadonlyMap<string, string> {
  const ejections = new Map<string, string>();
  if (!able.some(isEjected)) return ejections;
  const versions = Map.groupBy(able, ({ row }) => modelKey(row.id_model, row.version));
  for (const workers of versions.values()) {
    const ejected = workers.filter(isEjected).sort(byUrgency);
    for (const worker of ejected.slice(0, Math.floor(workers.length / 2))) {
      ejections.set(worker.row.id_worker, reasonOf(worker));
    }
  }
  return ejections;
}

function isEjected(worker: ObservedWorker): boolean {
  const ejecting = ejectingOf(worker);
  return ejecting > 0 && 2 * ejecting >= worker.statements.length;
}

function ejectingOf({ statements }: ObservedWorker): number {
  let ejecting = 0;
  // One that cannot reach it has its own trouble on the way, whatever it thinks of the worker.
  for (const { ejected, reachable } of statements) if (reachable && ejected !== '') ejecting++;
  return ejecting;
}

function byUrgency(a: ObservedWorker, b: ObservedWorker): number {
  const standing = Number(b.row.status === 'ERROR') - Number(a.row.status === 'ERROR');
  return standing !== 0 ? standing : ejectingOf(b) - ejectingOf(a);
}

function reasonOf(worker: ObservedWorker): string {
  const { statements } = worker;
  const why = statements.find(({ ejected, reachable }) => reachable && ejected !== '')?.ejected ?? '';
  const by = statements.length > 1 ? ` by ${ejectingOf(worker)} of ${statements.length} gateways` : '';
  return `ejected${by}: ${why}`;
}
