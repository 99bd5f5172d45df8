/** What the gateway keeps of each model: its versions, the workers of each, and the requests that wait for one. */
import { LinkedList } from '../admission/linked-list.ts';
import { QuantileEstimate } from '../admission/quantile-estimate.ts';
import { RetryBudget } from '../admission/retry-budget.ts';
import { SaturatedRate } from '../admission/saturated-rate.ts';
import { type WaitingLimits, WaitingQueue } from '../admission/waiting-queue.ts';
import type { ModelRecord } from '../table/model-record.ts';
import type { Attempt, Exchange } from './exchange.ts';
import type { VersionStatistics } from './version-statistics.ts';
import type { WorkerLink } from './worker-link.ts';

/** An inference request on its way to a version of a model. */
export type RoutedExchange = Exchange<VersionRoute>;
export type RoutedAttempt = Attempt<VersionRoute>;

export interface RouteLimits {
  readonly waiting: WaitingLimits;
  /** Requests sent again at most, in percent of all, beside {@link RETRIES_PER_S}. */
  readonly retryPercent: number;
  /** Requests sent to a second worker because they are slow, in percent of all at most. */
  readonly hedgePercent: number;
}

/** So many requests may be sent again however few there are. */
const RETRIES_PER_S = 10;
/** How long an allowance for retries is carried over, milliseconds. */
const ALLOWANCE_MS = 10_000;
/** A request that is slower than this share of all may be hedged. */
const HEDGE_QUANTILE = 0.95;
/** Latencies that must be known before anything is called slow. */
const HEDGE_AFTER_ANSWERS = 100;
/** Answers that must be known before it is said how long one takes: the first ones take longer. */
const LEAST_ANSWERS = 20;
/** Of the least time, with each request that is dropped on its account. */
const LEAST_KEPT = 0.9;
/** Of the longest time, with each tick of 50 ms: a half after 30 s. */
const LONGEST_KEPT = 0.5 ** (0.05 / 30);
/** A version that has had no worker for this long, and expects none, refuses at once. */
const FAIL_FAST_MS = 2_000;

/** One version of one model. */
export class VersionRoute {
  readonly id_model: string;
  readonly version: string;
  readonly statistics: VersionStatistics;
  readonly waiting: WaitingQueue<RoutedExchange>;
  /** Whether requests may wait for it at all. */
  readonly mayWait: boolean;
  readonly retries: RetryBudget;
  readonly hedges: RetryBudget;
  /** Tries of which a second may be made, the oldest first. */
  readonly hedgeable = new LinkedList<RoutedAttempt>((attempt) => attempt.hedgeable);
  readonly links = new Set<WorkerLink>();
  /** The links that may be sent new requests; replaced as a whole when that changes. */
  usable: readonly WorkerLink[] = [];
  /** Those that were left alone and are tried again with copies of requests; empty where requests may not be copied. */
  onTrial: readonly WorkerLink[] = [];
  record: ModelRecord;
  /** Bytes of bodies that its requests hold in the gateway. */
  heldBytes = 0;
  /** Choices made among its workers. */
  turn = 0;
  readonly #rate = new SaturatedRate();
  readonly #serviceMs = new QuantileEstimate(0.5);
  readonly #slowMs = new QuantileEstimate(HEDGE_QUANTILE);
  readonly #hedges: boolean;
  #longestMs = 0;
  /** Of the median: less with each request that was dropped on its account since one was taken up. */
  #leastShare = 1;
  #unusableSince: number | undefined;
  /** Nobody can take its requests, and nobody is on the way who could. */
  failing = false;

  constructor(record: ModelRecord, statistics: VersionStatistics, limits: RouteLimits) {
    this.id_model = record.id_model;
    this.version = record.version;
    this.record = record;
    this.statistics = statistics;
    this.waiting = new WaitingQueue(limits.waiting, (exchange) => exchange.waiting);
    this.mayWait = limits.waiting.maxItems > 0;
    const { retryPercent, hedgePercent } = limits;
    this.#hedges = hedgePercent > 0;
    // None at all when it is to be none.
    const floorPerSecond = retryPercent > 0 ? RETRIES_PER_S : 0;
    this.retries = new RetryBudget({ percent: retryPercent, floorPerSecond, windowMs: ALLOWANCE_MS });
    this.hedges = new RetryBudget({ percent: hedgePercent, floorPerSecond: 0, windowMs: ALLOWANCE_MS });
  }

  get ready(): boolean {
    return this.usable.length > 0;
  }

  /** Whether the version is not to be served, so that nobody need wait for a worker. */
  get isClosed(): boolean {
    const { state } = this.record;
    return state === 'UNAVAILABLE' || state === 'UNLOADING';
  }

  refreshUsable(): void {
    const before = new Set(this.usable);
    const usable = [...this.links].filter((link) => link.usable);
    const well = usable.filter(({ breaker }) => breaker.state === 'closed');
    const copies = this.record.idempotent && well.length > 0 && well.length < usable.length;
    this.usable = copies ? well : usable;
    this.onTrial = copies ? usable.filter(({ breaker }) => breaker.state !== 'closed') : [];
    let most = 0;
    for (const { sent } of before) most = Math.max(most, sent);
    for (const link of this.usable) {
      // Who comes, or comes back, begins with the others: it is not to make up for when it was not there. The
      // fraction has each gateway begin with another worker.
      if (!before.has(link)) link.sent = most + Math.random();
    }
  }

  /** Lets a request wait behind its peers; false when there is no room. */
  wait(exchange: RoutedExchange, now: number): boolean {
    if (!this.waiting.offer(exchange, exchange.priority, exchange.request.bodyBytes, now)) return false;
    if (this.waiting.size === 1) this.#rate.begin(now);
    return true;
  }

  /** Lets a request wait before its peers that a worker had and did not answer. */
  waitFirst(exchange: RoutedExchange, since: number, now: number): void {
    if (this.waiting.size === 0) this.#rate.begin(now);
    this.waiting.putBack(exchange, exchange.priority, exchange.request.bodyBytes, since);
  }

  /** Takes a request from those that wait; false when it did not. */
  unwait(exchange: RoutedExchange): boolean {
    if (this.waiting.size === 0 || !this.waiting.remove(exchange)) return false;
    if (this.waiting.size === 0) this.#rate.end();
    return true;
  }

  /** Takes out those that have waited for as long as any may. */
  takeAged(now: number): RoutedExchange[] {
    const aged = this.waiting.takeAged(now);
    if (aged.length > 0 && this.waiting.size === 0) this.#rate.end();
    return aged;
  }

  /** Takes out a request that is less important than a new one. */
  displace(priority: number): RoutedExchange | undefined {
    const displaced = this.waiting.displace(priority);
    if (displaced && this.waiting.size === 0) this.#rate.end();
    return displaced;
  }

  /** Takes a request from those that wait, for a worker. */
  takeUp(exchange: RoutedExchange, now: number): void {
    this.#rate.onTaken(now);
    this.unwait(exchange);
    this.#leastShare = 1;
  }

  /** How long a new request of a priority will wait, as far as can be told; milliseconds. */
  expectedWaitMs(priority: number, now: number): number {
    if (this.waiting.size === 0) return 0;
    return this.#rate.expectedWaitMs(this.waiting.ahead(priority), now);
  }

  /**
   * The time that a request takes at a worker at least, milliseconds: the median of what it took lately. Each request
   * that is dropped on its account lowers it, since a wrong one would otherwise never be put right.
   */
  get leastMs(): number {
    if (this.#serviceMs.count < LEAST_ANSWERS) return 0;
    return this.#serviceMs.value * this.#leastShare;
  }

  /** The longest that a try took lately and was answered, milliseconds; it fades. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** A request was dropped because its time was less than {@link leastMs}. */
  onHopeless(): void {
    this.#leastShare *= LEAST_KEPT;
  }

  /** After how long a request is slow; undefined while that is not known. */
  get slowMs(): number | undefined {
    return this.#slowMs.count >= HEDGE_AFTER_ANSWERS ? this.#slowMs.value : undefined;
  }

  /** @param latencyMs of the try that was answered @param queueMs of it, waiting at the worker */
  onAnswered(latencyMs: number, queueMs: number): void {
    this.#serviceMs.note(Math.max(0, latencyMs - queueMs));
    if (latencyMs > this.#longestMs) this.#longestMs = latencyMs;
    if (this.#hedges) this.#slowMs.note(latencyMs);
  }

  /** Judges whether waiting for a worker makes sense; to be called on every tick. */
  judge(now: number): void {
    this.#longestMs *= LONGEST_KEPT;
    // A worker that was long in coming, and is there, is not connected at once.
    if (this.ready || this.#expectsWorker()) {
      this.#unusableSince = undefined;
      this.failing = false;
      return;
    }
    this.#unusableSince ??= now;
    this.failing = now - this.#unusableSince >= FAIL_FAST_MS;
  }

  /** Whether a worker is about to be ready, or one is missing that a controller will start. */
  #expectsWorker(): boolean {
    let there = 0;
    for (const { row } of this.links) {
      if (row.status === 'INACTIVE') return true;
      if (row.status !== 'UPDATING') there++;
    }
    return there < this.record.replicas;
  }
}

/** All versions of one model. */
export class ModelRoute {
  readonly id_model: string;
  readonly versions = new Map<string, VersionRoute>();

  constructor(id_model: string) {
    this.id_model = id_model;
  }

  /**
   * The version for a request that names none: the highest that can be served now, else the highest that is
   * expected to be, else the highest there is.
   */
  default: VersionRoute | undefined;

  /** To be called when versions come or go, or become ready or cease to be. */
  refreshDefault(): void {
    const versions = [...this.versions.values()].sort(byVersionDescending);
    this.default =
      versions.find((route) => route.ready) ??
      versions.find((route) => route.record.state === 'READY' || route.record.state === 'LOADING') ??
      versions[0];
  }
}

function byVersionDescending(a: VersionRoute, b: VersionRoute): number {
  return Number(b.version) - Number(a.version);
}
