/** Which workers to take out of traffic, which to let back, and whose rows to remove. Pure. */
import type { WorkerLoad } from '../table/load-statement.ts';
import { isRemovable, type WorkerRow, type WorkerStatus } from '../table/worker-row.ts';
import { decideAgreedEjections, type ObservedWorker } from './decide-agreed-ejections.ts';

export interface WatchdogObservation {
  readonly workers: readonly ObservedWorker[];
  /** The table's clock, milliseconds. */
  readonly now: number;
  /** Since when, by that clock, the table could be spoken to without a gap. */
  readonly since: number;
  /** A worker that gave no sign of life for this long is silent. */
  readonly silentMs: number;
  /** A worker that has been silent for this long does not come back. */
  readonly errorGraceMs: number;
}

export type WatchdogAction =
  | {
      readonly type: 'transition';
      readonly id_worker: string;
      readonly from: WorkerStatus;
      readonly to: WorkerStatus;
      readonly reason: string;
    }
  | { readonly type: 'remove'; readonly id_worker: string; readonly reason: string };

/**
 * A worker is in ERROR while no gateway reaches it and it is silent, or while every gateway that speaks of it says that
 * it cannot reach it; one gateway among several may have trouble of its own, and a worker that is reached is alive
 * even where its own way to the table is cut. It is also while gateways that do reach it keep off it.
 */
export function decideStatusChanges(observed: WatchdogObservation): readonly WatchdogAction[] {
  const actions: WatchdogAction[] = [];
  const able = observed.workers.filter(
    ({ row, statements }) => isInUse(row) && troubleOf(row, statements, observed) === undefined,
  );
  const ejections = decideAgreedEjections(able);
  for (const { row, statements } of observed.workers) {
    const { id_worker, status } = row;
    const trouble = troubleOf(row, statements, observed) ?? ejections.get(id_worker);
    if (status === 'ACTIVE' && trouble !== undefined) {
      actions.push({ type: 'transition', id_worker, from: 'ACTIVE', to: 'ERROR', reason: trouble });
    } else if (status === 'ERROR' && trouble === undefined) {
      actions.push({ type: 'transition', id_worker, from: 'ERROR', to: 'ACTIVE', reason: '' });
    } else if (isRemovable(status) && isGone(row, statements, observed)) {
      const silence = Math.round(silenceOf(row, observed));
      actions.push({ type: 'remove', id_worker, reason: `silent for ${silence} ms while ${status}` });
    }
  }
  return actions;
}

/** A view's clock lags the table's by less than this. */
const CLOCK_SLACK_MS = 1_000;

/** Neither on its way in nor out. */
function isInUse({ status }: WorkerRow): boolean {
  return status === 'ACTIVE' || status === 'ERROR';
}

function troubleOf(
  row: WorkerRow,
  statements: readonly WorkerLoad[],
  observed: WatchdogObservation,
): string | undefined {
  if (statements.some(({ reachable }) => reachable)) return undefined;
  const silence = silenceOf(row, observed);
  if (silence > observed.silentMs) return `silent for ${Math.round(silence)} ms`;
  return statements.length > 0 ? 'does not answer the gateway' : undefined;
}

/** Nobody waits for one that was on its way in or out; one that served may only be frozen. */
function isGone(row: WorkerRow, statements: readonly WorkerLoad[], observed: WatchdogObservation): boolean {
  if (statements.some(({ reachable }) => reachable)) return false;
  const patienceMs = row.status === 'ERROR' ? observed.errorGraceMs : observed.silentMs;
  return silenceOf(row, observed) > patienceMs;
}

/** How long nothing was heard of it while it could have been, milliseconds. */
function silenceOf({ last_activity }: WorkerRow, { now, since }: WatchdogObservation): number {
  // A sign of life from the far future was stamped before the table's clock was set back; one from the near future
  // came after the clock was last heard.
  const heardAt = last_activity > now + CLOCK_SLACK_MS ? since : Math.max(last_activity, since);
  return now - heardAt;
}
