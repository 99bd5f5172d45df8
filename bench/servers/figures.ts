/** From samples to figures. Ratios are taken within a round, so that a slow minute of the machine hits both sides. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import type { LatencySample } from './latency.ts';
import type { CapacitySample, ServersSamples } from './measure.ts';
import { PEER, PEERS, type PeerName } from './peers.ts';

/** A load generator later than this measures itself. */
export const LATE_MS = 2;

/** One system in a closed loop. */
export interface Capacity {
  readonly requests_per_second: Spread | null;
  readonly p99_ms: Spread | null;
  readonly cpu_us_per_request: Spread | null;
  readonly gateway_cpu_us_per_request: Spread | null;
  readonly workers_cpu_us_per_request: Spread | null;
  readonly failed: number;
}

/** One system at one rate; of milliseconds, those of rounds in which too many failed are left out. */
export interface Latency {
  readonly p50_ms: Spread | null;
  readonly p99_ms: Spread | null;
  readonly requests: number;
  readonly failed: number;
  readonly lag_ms: Spread | null;
  /** Rounds in which the load generator was late. */
  readonly late: number;
}

export interface LoadRow {
  readonly load: number;
  readonly rate_per_second: number;
  readonly turntable: Latency;
  /** Null of Turntable's own capacity. */
  readonly peer: Latency | null;
  /** Turntable's p99 over the peer's; null also where no round has both. */
  readonly p99_ratio: Spread | null;
}

export interface PeerRow {
  readonly peer: PeerName;
  readonly title: string;
  readonly version: string;
  readonly same_model: boolean;
  readonly capacity: Capacity;
  /** In the same rounds. */
  readonly turntable_capacity: Capacity;
  readonly throughput_ratio: Spread | null;
  /** Turntable's CPU per request over the peer's. */
  readonly cpu_ratio: Spread | null;
  readonly loads: readonly LoadRow[];
}

export function makeRows({ versions, capacity, latency }: ServersSamples): PeerRow[] {
  return PEERS.flatMap((peer) => {
    const version = versions[peer];
    if (version === undefined) return [];
    const beside = capacity.filter((sample) => sample.beside === peer);
    const ours = beside.filter(({ system }) => system === 'turntable');
    const theirs = beside.filter(({ system }) => system === peer);
    const ratio = (quantity: (sample: CapacitySample) => number) =>
      paired(ours, theirs, (a, b) => quantity(a) / quantity(b));
    return [
      {
        ...{ peer, title: PEER[peer].title, version, same_model: PEER[peer].sameModel },
        capacity: capacityOf(theirs),
        turntable_capacity: capacityOf(ours),
        throughput_ratio: ratio((sample) => sample.requests_per_second),
        cpu_ratio: ratio((sample) => sample.cpu_us_per_request),
        loads: makeLoadRows(latency, peer),
      },
    ];
  });
}

/** @param of whose capacity the loads are parts of */
export function makeLoadRows(latency: readonly LatencySample[], of: PeerName | 'turntable'): LoadRow[] {
  const samples = latency.filter((sample) => sample.of === of);
  return [...new Set(samples.map(({ load }) => load))].map((load) => {
    const here = samples.filter((sample) => sample.load === load);
    const ours = here.filter(({ system }) => system === 'turntable');
    const theirs = here.filter(({ system }) => system !== 'turntable');
    return {
      load,
      rate_per_second: here[0]!.rate_per_second,
      turntable: latencyOf(ours),
      peer: of === 'turntable' ? null : latencyOf(theirs),
      p99_ratio: paired(ours, theirs, (a, b) =>
        a.p99_ms === null || b.p99_ms === null ? null : a.p99_ms / b.p99_ms,
      ),
    };
  });
}

function capacityOf(samples: readonly CapacitySample[]): Capacity {
  // Where nothing was answered, there is nothing per request.
  const spread = (quantity: (sample: CapacitySample) => number) =>
    spreadOf(samples.map(quantity).filter(Number.isFinite));
  return {
    requests_per_second: spread((sample) => sample.requests_per_second),
    p99_ms: spread((sample) => sample.p99_us / 1_000),
    cpu_us_per_request: spread((sample) => sample.cpu_us_per_request),
    gateway_cpu_us_per_request: spread((sample) => sample.gateway_cpu_us_per_request),
    workers_cpu_us_per_request: spread((sample) => sample.workers_cpu_us_per_request),
    failed: samples.reduce((sum, { failed }) => sum + failed, 0),
  };
}

function latencyOf(samples: readonly LatencySample[]): Latency {
  const spread = (quantity: (sample: LatencySample) => number | null) =>
    spreadOf(samples.map(quantity).filter((value) => value !== null));
  return {
    p50_ms: spread((sample) => sample.p50_ms),
    p99_ms: spread((sample) => sample.p99_ms),
    requests: samples.reduce((sum, { requests }) => sum + requests, 0),
    failed: samples.reduce((sum, { failed }) => sum + failed, 0),
    lag_ms: spread((sample) => sample.lag_ms),
    late: samples.filter(({ lag_ms }) => lag_ms > LATE_MS).length,
  };
}

/** Both in the order of rounds. */
function paired<A, B>(
  as: readonly A[],
  bs: readonly B[],
  figure: (a: A, b: B) => number | null,
): Spread | null {
  const figures = as.slice(0, bs.length).map((a, round) => figure(a, bs[round]!));
  return spreadOf(figures.filter((value) => value !== null).filter(Number.isFinite));
}
