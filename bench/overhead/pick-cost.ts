/** What choosing a worker costs (promise CT5), in this process and without any server. */
import type { Candidate } from '../../src/balance/candidate.ts';
import { ConditionedLatency } from '../../src/balance/conditioned-latency.ts';
import { expectedLoad } from '../../src/balance/expected-load.ts';
import { POLICIES, POLICY_NAMES, type PolicyName } from '../../src/balance/policies.ts';
import { ServiceTime } from '../../src/balance/service-time.ts';
import { seededRandom } from '../support/random.ts';

const ROWS = 100;
const PICKS = 100_000;
const SEED = 100;

/** Under load, and with all that the gateway computes of a worker when it is read. */
class BusyWorker implements Candidate {
  inFlight: number;
  sent: number;
  readonly slots = 128;
  readonly weight = 1;
  readonly service = new ServiceTime();
  readonly latencies = new ConditionedLatency();

  constructor(random: () => number) {
    this.inFlight = 1 + Math.floor(random() * 50);
    this.sent = Math.floor(random() * 1000);
    for (let ms = 1; ms <= 100; ms++) this.complete(ms, random() * 50);
  }

  get load(): number {
    return expectedLoad(0, this.inFlight, this.inFlight, 2);
  }

  get occupied(): number {
    return this.inFlight;
  }

  get serviceMs(): number {
    return this.service.leastMs;
  }

  get latencyMs(): number {
    return this.latencies.medianAt(this.load);
  }

  complete(nowMs: number, latencyMs: number): void {
    this.service.note(latencyMs, nowMs);
    this.latencies.note(this.inFlight, latencyMs);
  }
}

/** Microseconds of processor time of one choice among 100 workers under load, by the dearest of the policies. */
export function measurePick(names: readonly PolicyName[] = POLICY_NAMES): number {
  return Math.max(...names.map(costOf));
}

function costOf(name: PolicyName): number {
  const policy = POLICIES[name];
  const random = seededRandom(SEED);
  const workers = Array.from({ length: ROWS }, () => new BusyWorker(random));
  const chance = { turn: 0, waiting: 1, random };
  let start = process.cpuUsage();
  // The first half warms the compiler up.
  for (let pick = 0; pick < 2 * PICKS; pick++) {
    if (pick === PICKS) start = process.cpuUsage();
    chance.turn = pick;
    const worker = workers[policy(workers, chance)];
    if (!worker) continue;
    // What was known of it changes with each request, and the choices cannot be compiled away.
    worker.complete(100 + pick, 10 + (pick % 16));
    worker.inFlight = 1 + (pick % 50);
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / PICKS;
}
