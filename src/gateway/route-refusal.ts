/** Whether a model version's queue takes a request, and what a client is told when it does not. */
import type { ExchangeErrorCode, ExchangeTerms } from './exchange.ts';
import type { VersionRoute } from './model-route.ts';
import type { RefusalReason } from './version-statistics.ts';

export interface RouteRefusal {
  readonly reason: RefusalReason;
  readonly code: ExchangeErrorCode;
  readonly message: string;
}

export const GATEWAY_FULL: RouteRefusal = {
  reason: 'gateway_full',
  code: 'UNAVAILABLE',
  message: 'too many requests are under way; try again soon',
};

export const QUEUE_FULL: RouteRefusal = {
  reason: 'queue_full',
  code: 'UNAVAILABLE',
  message: 'too many requests wait for this model; try again soon',
};

const TOO_LATE: RouteRefusal = {
  reason: 'too_late',
  code: 'UNAVAILABLE',
  message: 'so many requests wait for this model that this one would not be answered in time; try again soon',
};

/** A prediction is not exact: what would only just be in time is taken for late. */
const MARGIN = 0.9;

/**
 * Why a version's queue refuses a request; undefined when it may start, or wait.
 * @param now monotonic milliseconds
 */
export function refusalOf(
  route: VersionRoute,
  { priority, deadlineAt }: ExchangeTerms,
  bytes: number,
  now: number,
): RouteRefusal | undefined {
  const left = deadlineAt - now;
  const hopeless = refusalOfHopeless(route, left);
  if (hopeless) return hopeless;
  if (!route.ready && (route.isClosed || route.failing)) return noWorker(route, 'no_worker');
  if (route.waiting.size === 0) return undefined;
  if (!route.waiting.hasRoom(priority, bytes)) return QUEUE_FULL;
  return route.expectedWaitMs(priority, now) + route.leastMs > MARGIN * left ? TOO_LATE : undefined;
}

/** Why a request is not run that has less time left than an answer takes. @param left milliseconds */
export function refusalOfHopeless(route: VersionRoute, left: number): RouteRefusal | undefined {
  const { leastMs } = route;
  if (left >= leastMs) return undefined;
  route.onHopeless();
  return {
    reason: 'timed_out',
    code: 'TIMED_OUT',
    message: `not run: ${ms(left)} ms were left of its time, and this model takes about ${ms(leastMs)} ms`,
  };
}

export function noWorker(route: VersionRoute, reason: 'no_worker' | 'waited_too_long'): RouteRefusal {
  const { id_model, version, record, isClosed } = route;
  const why = isClosed ? `: ${record.reason || record.state}` : '';
  return {
    reason,
    code: 'UNAVAILABLE',
    message: `no worker of "${id_model}" version ${version} can take the request${why}`,
  };
}

function ms(value: number): string {
  return String(Math.max(0, Math.round(value * 10) / 10));
}
