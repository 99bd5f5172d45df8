/** What a gateway says of the load it puts on workers: absolute numbers, never increments (promise CT3). */

import type { GatewayRow, ProcessIdentity } from './member.ts';

/** One gateway's word about one worker. */
export interface WorkerLoad {
  readonly id_worker: string;
  /** Requests that this gateway has in flight there now. */
  readonly in_flight: number;
  /** Completions since this gateway first saw the worker. */
  readonly completed: number;
  /** Requests that failed there by the worker's own making, likewise. */
  readonly failed: number;
  /** Exponentially weighted mean of the service latency that this gateway saw, in milliseconds. */
  readonly latency_ms: number;
  /** Whether this gateway can reach the worker: connected, and its pings are answered. */
  readonly reachable: boolean;
  /** Why this gateway sends it nothing for now though it can reach it; empty when it does. */
  readonly ejected: string;
}

/** A gateway's whole statement; it replaces what the gateway said before and lapses when not repeated. */
export interface LoadStatement extends ProcessIdentity {
  readonly id_gateway: string;
  /** Where the gateway listens, such as `http://10.0.0.5:8080`. */
  readonly address: string;
  readonly loads: readonly WorkerLoad[];
}

/** The statement of a live gateway as the table has it. */
export interface HeardStatement {
  readonly gateway: GatewayRow;
  /** By worker. */
  readonly loads: ReadonlyMap<string, WorkerLoad>;
}

/** Whether one word about a worker says the same as the other. */
export function isSameLoad(a: WorkerLoad | undefined, b: WorkerLoad): boolean {
  if (a === b) return true;
  return (
    a !== undefined &&
    a.in_flight === b.in_flight &&
    a.completed === b.completed &&
    a.failed === b.failed &&
    a.latency_ms === b.latency_ms &&
    a.reachable === b.reachable &&
    a.ejected === b.ejected
  );
}

/** What the live statements add up to for one worker. */
export interface CombinedLoad {
  readonly current_requests: number;
  readonly avg_latency_ms: number;
  readonly error_count: number;
}

/**
 * Adds up what the live gateways say of one worker: in-flight and errors are summed, latency is the mean
 * weighted by how many completions each gateway has seen.
 */
export function combineLoads(loads: Iterable<WorkerLoad>): CombinedLoad {
  let current = 0;
  let errors = 0;
  let weight = 0;
  let weighted = 0;
  for (const load of loads) {
    current += load.in_flight;
    errors += load.failed;
    weight += load.completed;
    weighted += load.latency_ms * load.completed;
  }
  return {
    current_requests: current,
    error_count: errors,
    avg_latency_ms: weight > 0 ? weighted / weight : 0,
  };
}
