/** What a choice of worker may depend on, and what a policy is. */

/**
 * What a policy may know of a worker that could be sent the next request. All are getters to a policy, and some are
 * computed when read: each reads only what it needs.
 */
export interface Candidate {
  /** Requests expected to be in flight there, over all gateways; see `expectedLoad`. */
  readonly load: number;
  /** Requests known to be in flight there. */
  readonly occupied: number;
  /** Requests that it may have in flight at most; this adapts, and may be lower than what is there already. */
  readonly slots: number;
  /** Requests sent there so far, counted from where all began alike. */
  readonly sent: number;
  /** Share that it should take, by configuration: above 0, and 1 unless said otherwise. */
  readonly weight: number;
  /** Time that one completion takes there while it has work, by a careful mean, milliseconds; 0 unknown. See `ServiceTime`. */
  readonly serviceMs: number;
  /** Latency to expect of one more request at its present load, milliseconds; 0 unknown. */
  readonly latencyMs: number;
}

/** What a choice may depend on beside the candidates. */
export interface Chance {
  /** Counts up by one with each choice of a route. */
  readonly turn: number;
  /** Requests of the route that wait for a worker, the one to be sent now included; infinite where it cannot wait. */
  readonly waiting: number;
  /** Uniform in [0, 1). */
  random(): number;
}

/**
 * The index of the candidate to take, or -1 when none is to be taken now. Makes no garbage.
 *
 * A request waits in the gateway until a worker has a free slot, so a policy chooses only among those that have one.
 * It may let the request wait beside a free slot, but only while another worker has something in flight: whoever
 * frees then is where it asks again.
 */
export type BalancePolicy = (candidates: readonly Candidate[], chance: Chance) => number;
