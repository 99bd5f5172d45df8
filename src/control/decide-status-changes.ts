/** Which workers to take out of traffic, and which to let back. Pure. */
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow, WorkerStatus } from '../table/worker-row.ts';

export interface WatchdogObservation {
  readonly workers: readonly { readonly row: WorkerRow; readonly statements: readonly WorkerLoad[] }[];
  /** The table's clock, milliseconds. */
  readonly now: number;
  /** A worker that gave no sign of life for this long is silent. */
  readonly silentMs: number;
}

export interface StatusChange {
  readonly id_worker: string;
  readonly from: WorkerStatus;
  readonly to: WorkerStatus;
  readonly reason: string;
}

/**
 * Which statuses to change. A worker is in ERROR while it is silent, or while every gateway that speaks of it
 * says that it cannot reach it; one gateway among several may have trouble of its own.
 */
export function decideStatusChanges(observed: WatchdogObservation): readonly StatusChange[] {
  const changes: StatusChange[] = [];
  for (const { row, statements } of observed.workers) {
    const trouble = troubleOf(row, statements, observed);
    if (row.status === 'ACTIVE' && trouble !== undefined) {
      changes.push({ id_worker: row.id_worker, from: 'ACTIVE', to: 'ERROR', reason: trouble });
    } else if (row.status === 'ERROR' && trouble === undefined) {
      changes.push({ id_worker: row.id_worker, from: 'ERROR', to: 'ACTIVE', reason: '' });
    }
  }
  return changes;
}

function troubleOf(
  row: WorkerRow,
  statements: readonly WorkerLoad[],
  { now, silentMs }: WatchdogObservation,
): string | undefined {
  const silence = now - row.last_activity;
  if (silence > silentMs) return `silent for ${Math.round(silence)} ms`;
  if (statements.length > 0 && statements.every((statement) => !statement.reachable)) {
    return 'does not answer the gateway';
  }
  return undefined;
}
