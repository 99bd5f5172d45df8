/**
 * One worker's circuit breaker, as one gateway keeps it. Pure.
 *
 * closed: it takes requests. open: it is ejected, until a time. half-open: one request at a time is a probe, whose
 * outcome closes or opens it again. Each ejection is twice as long as the one before, until it has conducted itself well.
 */

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerOptions {
  /** The first ejection, milliseconds. */
  readonly baseMs: number;
  /** The longest one, before jitter. */
  readonly maxMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** Gateways, and workers that failed together, are not to come back at the same moment: 20 % more or less. */
const JITTER = 0.2;
/** Earlier ejections are forgotten after good conduct for this many times the last, and for this long at least. */
const CONDUCT_PER_EJECTION = 10;
const LEAST_CONDUCT_MS = 10_000;

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #state: BreakerState = 'closed';
  #reason = '';
  #consecutiveFailures = 0;
  #isProbing = false;
  #lastMs = 0;
  #nextMs: number;
  #openUntil = 0;
  #closedSince = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#nextMs = options.baseMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Why it was ejected; empty when closed. */
  get reason(): string {
    return this.#reason;
  }

  get consecutiveFailures(): number {
    return this.#consecutiveFailures;
  }

  /** Half-open, and no probe under way. */
  get mayProbe(): boolean {
    return this.#state === 'half-open' && !this.#isProbing;
  }

  onSuccess(nowMs: number): void {
    if (this.#state === 'closed') {
      this.#consecutiveFailures = 0;
    } else if (this.#isProbing) {
      this.#state = 'closed';
      this.#reason = '';
      this.#consecutiveFailures = 0;
      this.#isProbing = false;
      this.#closedSince = nowMs;
    }
  }

  /** Counts it. A failed probe ejects the worker again; otherwise whether to eject is not decided here. */
  onFailure(nowMs: number): void {
    this.#consecutiveFailures++;
    // What was sent before the ejection and fails only now is no verdict on a worker that is half-open.
    if (this.#isProbing) this.open(this.#reason, nowMs);
  }

  /** Ejects the worker; of one that is ejected already, nothing changes. */
  open(reason: string, nowMs: number): void {
    if (this.#state === 'open') return;
    const { baseMs, maxMs, random } = this.#options;
    const conductMs = Math.max(LEAST_CONDUCT_MS, CONDUCT_PER_EJECTION * this.#lastMs);
    if (this.#state === 'closed' && nowMs - this.#closedSince >= conductMs) this.#nextMs = baseMs;
    this.#lastMs = Math.min(maxMs, this.#nextMs);
    this.#nextMs = 2 * this.#lastMs;
    this.#state = 'open';
    this.#reason = reason;
    this.#isProbing = false;
    this.#openUntil = nowMs + this.#lastMs * (1 + JITTER * (2 * random() - 1));
  }

  /** Open becomes half-open when its time is up; true when it did. */
  tick(nowMs: number): boolean {
    if (this.#state !== 'open' || nowMs < this.#openUntil) return false;
    this.#state = 'half-open';
    return true;
  }

  onProbeSent(): void {
    this.#isProbing = this.#state === 'half-open';
  }

  /** The probe ended without a verdict (cancelled, connection lost): another may be sent. */
  onProbeVoid(): void {
    this.#isProbing = false;
  }
}
