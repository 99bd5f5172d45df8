/** A gateway's hold on one worker: its row, the channel to it, and what this gateway has seen of it. */
import { AdaptiveLimit } from '../admission/adaptive-limit.ts';
import { CircuitBreaker } from '../admission/circuit-breaker.ts';
import type { PeerRecord } from '../admission/decide-ejections.ts';
import { LinkedList, type ListPlace } from '../admission/linked-list.ts';
import type { Candidate } from '../balance/candidate.ts';
import { ConditionedLatency } from '../balance/conditioned-latency.ts';
import { expectedLoad } from '../balance/expected-load.ts';
import { ServiceTime } from '../balance/service-time.ts';
import type { Channel } from '../channel/channel.ts';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow } from '../table/worker-row.ts';

/** Weight of the newest latency in the mean: about the last 20 requests count. */
const LATENCY_WEIGHT = 0.1;
/** How long the first connection to a worker may take before it counts as out of reach. */
const FIRST_CONTACT_MS = 1_000;

/** A request that was sent there. */
export interface SentTry {
  /** Monotonic milliseconds. */
  readonly sentAt: number;
  /** Requests that it met there. */
  readonly met: number;
  /** Whether it took the last slot. */
  readonly full: boolean;
  /** Whether it took the last slot, which had just been given free, as one does that waited for it. */
  readonly follows: boolean;
  /** It decides whether a worker that was left alone is let back. */
  readonly isProbe: boolean;
  /** Among those under way there. */
  readonly atWorker: ListPlace<SentTry>;
  /** The worker is left alone, and may never answer it. */
  onStuck(): void;
}

export interface LinkOptions {
  /** How long a worker is left alone the first time that it is ejected, milliseconds. */
  readonly ejectMs: number;
  readonly random: () => number;
}

/** How long requests may wait at a worker, in runs of it: while a batch runs the next one gathers. */
const BATCH_PATIENCE = 1.2;
const SINGLE_PATIENCE = 0.5;
/** A request that is sent so soon after an answer waited for it, milliseconds. */
const AT_ONCE_MS = 1;
/** Ejections double in length up to this, milliseconds. */
const MAX_EJECT_MS = 300_000;

export class WorkerLink implements Candidate {
  readonly id_worker: string;
  channel: Channel;
  row: WorkerRow;
  /** Requests sent there, counted on from where the others were when it became usable. */
  sent = 0;
  /** Tries under way there, the oldest first. */
  readonly attempts = new LinkedList<SentTry>((one) => one.atWorker);
  readonly breaker: CircuitBreaker;
  readonly #limit: AdaptiveLimit;
  readonly #service = new ServiceTime();
  readonly #latencies = new ConditionedLatency();
  /** Requests of other gateways there when they were last heard. */
  #others = 0;
  /** Requests of this one there at that moment. */
  #ownThen = 0;
  #gateways = 1;
  /** It said busy; it is left alone until it finishes something or a tick has passed. */
  busy = false;
  #completed = 0;
  #failed = 0;
  #latencyMs = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Since when it holds requests and has answered none. */
  #quietSince = 0;
  /** Another has answered meanwhile what it holds. */
  #stalls = false;
  /** What it did lately; halved from time to time. */
  #recentAnswers = 0;
  #recentServiceMs = 0;
  #recentFailures = 0;
  #recentBlame = 0;
  readonly #openedAt: number;
  #tried = false;

  /** @param now monotonic milliseconds */
  constructor(row: WorkerRow, channel: Channel, { ejectMs, random }: LinkOptions, now: number) {
    this.#openedAt = now;
    this.id_worker = row.id_worker;
    this.row = row;
    this.channel = channel;
    this.breaker = new CircuitBreaker({ baseMs: ejectMs, maxMs: Math.max(ejectMs, MAX_EJECT_MS), random });
    this.#limit = new AdaptiveLimit({ ...{ least: 1, most: row.slots }, ...judgementOf(channel, false) });
  }

  get load(): number {
    return expectedLoad(this.#others, this.#ownThen, this.channel.inFlight, this.#gateways);
  }

  /**
   * Of a worker that others keep full this gateway may have its share all the same: the moment at which one of theirs is
   * done is known only to them, who would take the slot again and again.
   */
  get occupied(): number {
    const own = this.channel.inFlight;
    const all = this.#others + own;
    const { limit } = this.#limit;
    return own * this.#gateways < limit ? Math.min(all, limit - 1) : all;
  }

  /** What it can use of what it says that it can hold; of one that was left alone, a single request shows how it is. */
  get slots(): number {
    if (this.breaker.state === 'half-open') return this.breaker.mayProbe ? this.occupied + 1 : 0;
    // Those of other gateways there may never cease: of its own, one is alone.
    if (this.channel.wantsAlone) return this.channel.inFlight === 0 ? this.occupied + 1 : 1;
    return this.#limit.limit;
  }

  /** Whether it answered a request at this moment. @param now monotonic milliseconds */
  hasJustAnswered(now: number): boolean {
    return now - this.#answeredAt < AT_ONCE_MS;
  }

  get weight(): number {
    return this.row.weight;
  }

  get serviceMs(): number {
    return this.#service.leastMs;
  }

  get latencyMs(): number {
    return this.#latencies.medianAt(this.load);
  }

  /**
   * The table has just been heard.
   * @param others requests in flight there by other gateways; undefined: as before
   * @param gateways how many there are, this one included
   */
  hear(others: number | undefined, gateways: number): void {
    if (others !== undefined) this.#others = others;
    this.#ownThen = this.channel.inFlight;
    this.#gateways = gateways;
  }

  /** Whether it may be sent new requests. */
  get usable(): boolean {
    return (
      this.row.status === 'ACTIVE' &&
      this.channel.state === 'open' &&
      !this.busy &&
      this.breaker.state !== 'open'
    );
  }

  /** @param batches whether requests that wait there are run together */
  set batches(batches: boolean) {
    this.#limit.patience = judgementOf(this.channel, batches).patience;
  }

  onSent(attempt: SentTry): void {
    if (this.attempts.size === 0) this.#quietSince = attempt.sentAt;
    this.attempts.add(attempt);
    this.sent++;
    if (attempt.isProbe) this.breaker.onProbeSent();
  }

  /** @param queueMs that the request waited there for its run */
  onAnswered(attempt: SentTry, queueMs: number, now: number): void {
    const latencyMs = now - attempt.sentAt;
    const serviceMs = Math.max(0, latencyMs - queueMs);
    this.#completed++;
    this.#latencyMs += (this.#completed === 1 ? 1 : LATENCY_WEIGHT) * (latencyMs - this.#latencyMs);
    this.#service.note(serviceMs, now);
    this.#latencies.note(attempt.met, latencyMs);
    // While one is sent at a time, that none waits says nothing of the limit.
    if (!this.channel.wantsAlone) this.#limit.onAnswered(queueMs, serviceMs, attempt.full);
    if (this.channel.tellsQueue) this.#limit.onAlone(serviceMs);
    else if (attempt.met === 0) this.#limit.onAlone(latencyMs);
    if (attempt.follows) this.#limit.onNext(now - this.#answeredAt);
    this.#answeredAt = now;
    // It is let back: what it did before has been judged, and is not held against it again.
    if (attempt.isProbe) this.#keepOfRecent(0);
    this.#recentAnswers++;
    this.#recentServiceMs += serviceMs;
    this.#isHeard(now);
    if (attempt.isProbe || this.breaker.state === 'closed') this.breaker.onSuccess(now);
  }

  /** It answered with an error that may be of its own making. An answer that came fast for that says nothing good of it. */
  onFailed(now: number): void {
    this.#completed++;
    this.#failed++;
    this.#recentFailures++;
    this.#isHeard(now);
  }

  /** What it failed, another answered. */
  onBlamed(now: number): void {
    this.#recentBlame++;
    this.breaker.onFailure(now);
  }

  /** A try ended without anything to be learned from it. */
  onVoid(attempt: SentTry): void {
    if (attempt.isProbe) this.breaker.onProbeVoid();
  }

  onBusy(): void {
    this.busy = true;
    this.#limit.onBusy();
  }

  /** It is connected anew: another process may be there. */
  onConnected(now: number): void {
    this.#limit.reset();
    this.#isHeard(now);
  }

  /** Our own process did not run for a while, so that its silence says nothing. */
  excuse(now: number): void {
    this.#isHeard(now);
  }

  /** What lies back counts half from now on, and what is out of date not at all. */
  age(now: number): void {
    // One that was slow for a while is sent nothing, and would never be seen to be well again.
    if (this.attempts.size === 0 && this.#service.forgetIfStale(now)) this.#latencies.forget();
    this.#keepOfRecent(0.5);
  }

  #keepOfRecent(share: number): void {
    this.#recentAnswers *= share;
    this.#recentServiceMs *= share;
    this.#recentFailures *= share;
    this.#recentBlame *= share;
  }

  /** How long it has answered nothing while it holds requests, milliseconds. */
  stalledMs(now: number): number {
    return this.attempts.size > 0 ? now - this.#quietSince : 0;
  }

  /** What it holds was answered by another, in a small part of the time. */
  onOutrun(): void {
    this.#stalls = true;
  }

  #isHeard(now: number): void {
    this.#quietSince = now;
    this.#stalls = false;
  }

  /** @param compared whether what it failed or held was tried elsewhere: then only what others answered is its fault */
  record(now: number, compared: boolean): PeerRecord {
    return {
      id_worker: this.id_worker,
      ejected: this.breaker.state === 'open',
      consecutiveFailures: this.breaker.consecutiveFailures,
      succeeded: this.#recentAnswers,
      failed: compared ? this.#recentBlame : this.#recentFailures,
      serviceMs: this.#recentAnswers > 0 ? this.#recentServiceMs / this.#recentAnswers : 0,
      answers: this.#recentAnswers,
      stalledMs: this.#stalls || !compared ? this.stalledMs(now) : 0,
      inFlight: this.attempts.size,
    };
  }

  /**
   * What the gateway says of it to the table; nothing before it knows whether it can reach it.
   * @param now monotonic milliseconds
   */
  statement(now: number): WorkerLoad | undefined {
    const { state, inFlight } = this.channel;
    const reachable = state === 'open' || state === 'draining';
    this.#tried ||= reachable || now - this.#openedAt > FIRST_CONTACT_MS;
    if (!this.#tried) return undefined;
    return {
      id_worker: this.id_worker,
      in_flight: inFlight,
      completed: this.#completed,
      failed: this.#failed,
      latency_ms: this.#latencyMs,
      reachable,
      ejected: this.breaker.state === 'open' ? this.breaker.reason : '',
    };
  }
}

/** How waiting at the worker is judged. */
function judgementOf({ tellsQueue }: Channel, batches: boolean) {
  if (tellsQueue) return { patience: batches ? BATCH_PATIENCE : SINGLE_PATIENCE, evidenceRounds: 2 };
  // It may run batches too, or several at once; and what is taken for waiting there may be a busy machine or network, of
  // which a second says little.
  return { patience: BATCH_PATIENCE, evidenceRounds: 10 };
}
