/**
 * Which workers of one model version to eject, by comparison with their peers. Pure.
 *
 * Always by comparison: what ails all alike is the load or the model, and ejecting workers would make it worse. The
 * rules are those of Envoy's outlier detection (consecutive failures, success rate, a maximal share) and two of our own,
 * for workers that answer too late and for those that do not answer at all.
 */

export interface PeerRecord {
  readonly id_worker: string;
  readonly ejected: boolean;
  readonly consecutiveFailures: number;
  /** Requests within the window. */
  readonly succeeded: number;
  readonly failed: number;
  /** Mean time of a request's run there, milliseconds; 0 is unknown. */
  readonly serviceMs: number;
  /** Answers within the window, on which `serviceMs` rests. */
  readonly answers: number;
  /** It holds requests and has answered none for this long, milliseconds; 0 when it is not stalled. */
  readonly stalledMs: number;
  readonly inFlight: number;
}

export interface EjectionLimits {
  /** Of the version's workers; above 0 one may be ejected in any case, where there are several. */
  readonly maxEjectedPercent: number;
  /** Failures in a row that eject; 0 is off. */
  readonly consecutiveFailures: number;
}

export interface Ejection {
  readonly id_worker: string;
  /** For people. */
  readonly reason: string;
}

/** A rate rests on this many requests at least: of 20, a worker that is as good as its peers hardly fails a fifth more. */
const LEAST_REQUESTS = 20;
const LEAST_SUCCESS_RATE = 0.8;
const LEAST_RATE_GAP = 0.2;
/**
 * Machines of a fleet may well differ fivefold in speed, and a slow one is still of use. What one adds that is eightfold
 * slower is not missed, also when there is too much to do.
 */
const SLOW_RATIO = 8;
const LEAST_SLOW_GAP_MS = 5;
const LEAST_ANSWERS = 5;
/** One run may take long by its input; not that much longer than its peers'. */
const STALLED_RATIO = 10;
const LEAST_STALLED_MS = 500;

/** From the worst kind to the least; within a kind by how bad it is. */
type Kind = 'stalled' | 'failing' | 'unreliable' | 'slow';
const KINDS: readonly Kind[] = ['stalled', 'failing', 'unreliable', 'slow'];

interface Finding extends Ejection {
  readonly kind: Kind;
  readonly badness: number;
}

/** The worst first. */
export function decideEjections(peers: readonly PeerRecord[], limits: EjectionLimits): readonly Ejection[] {
  if (peers.length <= 1) return [];
  const active = peers.filter(({ ejected }) => !ejected);
  if (limits.maxEjectedPercent === 0) return [];
  const most = Math.max(1, Math.floor((peers.length * limits.maxEjectedPercent) / 100));
  const room = most - (peers.length - active.length);
  if (room <= 0) return [];
  const findings: Finding[] = [];
  for (const worker of active) {
    const others = active.filter((other) => other !== worker);
    const finding =
      stalled(worker, others) ??
      failing(worker, limits) ??
      unreliable(worker, others) ??
      slow(worker, others);
    if (finding) findings.push(finding);
  }
  findings.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.badness - a.badness);
  return findings.slice(0, room).map(({ id_worker, reason }) => ({ id_worker, reason }));
}

function stalled(worker: PeerRecord, others: readonly PeerRecord[]): Finding | undefined {
  const { id_worker, stalledMs, inFlight } = worker;
  if (stalledMs <= LEAST_STALLED_MS) return undefined;
  const limitMs = Math.max(LEAST_STALLED_MS, STALLED_RATIO * (peersServiceMs(others) ?? 0));
  // Where nobody answers it is not this worker's fault.
  const isAlone = others.some((other) => other.answers > 0 && other.stalledMs <= limitMs);
  if (stalledMs <= limitMs || !isAlone) return undefined;
  const reason = `holds ${counted(inFlight, 'request')} and has answered none for ${milliseconds(stalledMs)}`;
  return { id_worker, kind: 'stalled', badness: stalledMs, reason };
}

function failing(worker: PeerRecord, limits: EjectionLimits): Finding | undefined {
  const { id_worker, consecutiveFailures: count } = worker;
  if (limits.consecutiveFailures === 0 || count < limits.consecutiveFailures) return undefined;
  return { id_worker, kind: 'failing', badness: count, reason: `${counted(count, 'failure')} in a row` };
}

function unreliable(worker: PeerRecord, others: readonly PeerRecord[]): Finding | undefined {
  const { id_worker, succeeded, failed } = worker;
  const requests = succeeded + failed;
  let peersSucceeded = 0;
  let peersRequests = 0;
  for (const other of others) {
    peersSucceeded += other.succeeded;
    peersRequests += other.succeeded + other.failed;
  }
  if (requests < LEAST_REQUESTS || peersRequests < LEAST_REQUESTS) return undefined;
  const rate = succeeded / requests;
  if (rate >= LEAST_SUCCESS_RATE || peersSucceeded / peersRequests - rate < LEAST_RATE_GAP) return undefined;
  return {
    id_worker,
    kind: 'unreliable',
    badness: 1 - rate,
    reason: `${Math.round(failed)} of ${Math.round(requests)} requests failed`,
  };
}

function slow(worker: PeerRecord, others: readonly PeerRecord[]): Finding | undefined {
  const { id_worker, serviceMs, answers } = worker;
  if (answers < LEAST_ANSWERS) return undefined;
  const peersMs = peersServiceMs(others);
  if (peersMs === undefined) return undefined;
  if (serviceMs <= SLOW_RATIO * peersMs || serviceMs < peersMs + LEAST_SLOW_GAP_MS) return undefined;
  const reason = `answers take ${milliseconds(serviceMs)}, its peers' ${milliseconds(peersMs)}`;
  return { id_worker, kind: 'slow', badness: serviceMs, reason };
}

/** The median of theirs, so that one slow worker does not hide another; undefined where none is known. */
function peersServiceMs(peers: readonly PeerRecord[]): number | undefined {
  const sorted: number[] = [];
  for (const { serviceMs, answers } of peers) if (serviceMs > 0 && answers > 0) sorted.push(serviceMs);
  sorted.sort((a, b) => a - b);
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  return lower === undefined || upper === undefined ? undefined : (lower + upper) / 2;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Two digits are enough of what is below 10. */
function milliseconds(ms: number): string {
  return `${ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)} ms`;
}
