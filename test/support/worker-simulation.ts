/** Workers of given speeds behind a policy, simulated event by event: what it makes of latencies and shares. */
import type { BalancePolicy, Candidate, Chance } from '../../src/balance/candidate.ts';
import { ConditionedLatency } from '../../src/balance/conditioned-latency.ts';
import { ServiceTime } from '../../src/balance/service-time.ts';
import { seededRandom } from './seeded-random.ts';

export interface SimulatedWorld {
  /** Each worker serves one request at a time, first come first served; at speed 1 it takes 1 ms on average. */
  readonly speeds: readonly number[];
  /** Requests that a worker may hold; more wait in one queue for whoever has a free slot first. */
  readonly slots: number;
  /** Requests that come, as a share of what all workers can do. They come by chance (Poisson). */
  readonly load: number;
  readonly service: keyof typeof SERVICE;
  readonly requests: number;
  readonly seed: number;
}

export interface SimulatedOutcome {
  /** By worker. */
  readonly served: readonly number[];
  /** Milliseconds from arrival to answer that this share of the requests did not exceed. */
  latencyMs(quantile: number): number;
}

type Random = () => number;

/** Standard normal, by Box and Muller (1958). */
const gaussian = (random: Random) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Times of mean 1. */
const SERVICE = {
  constant: () => 1,
  // The logarithm has deviation 1: the deviation of the time is 1.3 times its mean.
  lognormal: (random: Random) => Math.exp(gaussian(random) - 0.5),
};

/** Share of the requests that come before anything is measured. */
const WARM_UP = 0.1;

interface Held {
  readonly arrivedMs: number;
  /** At a worker of speed 1. */
  readonly serviceMs: number;
  sentMs: number;
  met: number;
}

class SimulatedWorker implements Candidate {
  readonly slots: number;
  readonly weight: number;
  readonly held: Held[] = [];
  doneMs = Number.POSITIVE_INFINITY;
  sent = 0;
  readonly service = new ServiceTime();
  readonly latency = new ConditionedLatency();

  constructor(slots: number, weight: number) {
    this.slots = slots;
    this.weight = weight;
  }

  get load(): number {
    return this.held.length;
  }

  get occupied(): number {
    return this.held.length;
  }

  get serviceMs(): number {
    return this.service.leastMs;
  }

  get latencyMs(): number {
    return this.latency.medianAt(this.held.length);
  }
}

/** Weights are the speeds: what a careful operator would have configured. */
export function simulateWorkers(policy: BalancePolicy, world: SimulatedWorld): SimulatedOutcome {
  // Chances of their own for what comes and for the policy: all policies meet the very same requests.
  const { next: random } = seededRandom(world.seed);
  const { next: policyRandom } = seededRandom(world.seed + 1);
  const workers = world.speeds.map((speed) => new SimulatedWorker(world.slots, speed));
  const meanGapMs = 1 / (world.load * world.speeds.reduce((sum, speed) => sum + speed, 0));
  const gapMs = () => -Math.log(1 - random()) * meanGapMs;
  const latenciesMs: number[] = [];
  const waiting: Held[] = [];
  let head = 0;
  const chance = { turn: 0, waiting: 0, random: policyRandom } satisfies Chance;
  let arrivalMs = gapMs();
  let arrived = 0;
  let nowMs = 0;

  const begin = (worker: SimulatedWorker) => {
    worker.doneMs = nowMs + worker.held[0]!.serviceMs / worker.weight;
  };
  const pump = () => {
    while (head < waiting.length) {
      chance.waiting = waiting.length - head;
      const worker = workers[policy(workers, chance)];
      if (!worker) return;
      chance.turn++;
      const request = waiting[head++]!;
      request.sentMs = nowMs;
      request.met = worker.held.length;
      worker.sent++;
      worker.held.push(request);
      if (worker.held.length === 1) begin(worker);
    }
  };
  const forget = ({ held, service, latency }: SimulatedWorker) => {
    if (held.length === 0 && service.forgetIfStale(nowMs)) latency.forget();
  };
  const complete = (worker: SimulatedWorker) => {
    const { arrivedMs, serviceMs, sentMs, met } = worker.held.shift()!;
    worker.service.note(serviceMs / worker.weight, nowMs);
    worker.latency.note(met, nowMs - sentMs);
    latenciesMs.push(nowMs - arrivedMs);
    worker.doneMs = Number.POSITIVE_INFINITY;
    if (worker.held.length > 0) begin(worker);
    for (const one of workers) forget(one);
  };

  while (latenciesMs.length < world.requests) {
    const first = workers.reduce((a, b) => (b.doneMs < a.doneMs ? b : a));
    if (arrived < world.requests && arrivalMs <= first.doneMs) {
      nowMs = arrivalMs;
      waiting.push({ arrivedMs: nowMs, serviceMs: SERVICE[world.service](random), sentMs: 0, met: 0 });
      arrived++;
      arrivalMs += gapMs();
    } else {
      nowMs = first.doneMs;
      complete(first);
    }
    pump();
  }

  const sorted = latenciesMs.slice(Math.floor(WARM_UP * world.requests)).sort((a, b) => a - b);
  return {
    served: workers.map(({ sent }) => sent),
    latencyMs: (quantile) => sorted[Math.floor(quantile * (sorted.length - 1))]!,
  };
}
