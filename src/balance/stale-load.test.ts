/** Several gateways that hear of each other's load a tick late: no herd onto the worker that was emptiest then. */
import { describe, expect, it } from 'vitest';
import { candidateOf } from '../../test/support/candidates.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { expectedLoad } from './expected-load.ts';
import { pickLeastConnections } from './least-connections.ts';

const WORKERS = 4;
const TICK_MS = 10;

interface Hold {
  /** Its own requests at each worker now, and when it last heard; and what it heard of the others' then. */
  readonly now: number[];
  heardAt: number[];
  others: number[];
  readonly sent: number[];
}

interface Run {
  readonly served: readonly number[];
  /** The most that one worker ever had above the mean of all. */
  readonly worstExcess: number;
}

/**
 * Milliseconds pass one by one; each gateway sends what arrives with it then, and hears of the others every tick, each
 * at a moment of its own, of what they had a tick before.
 * @param arrivals requests that arrive with a gateway in a millisecond
 * @param load of a worker to a gateway
 */
function simulate(
  gateways: number,
  requests: number,
  arrivals: (gateway: number, ms: number) => number,
  load: (hold: Hold, worker: number) => number,
  random: () => number,
): Run {
  const holds: Hold[] = Array.from({ length: gateways }, () => ({
    now: [0, 0, 0, 0],
    heardAt: [0, 0, 0, 0],
    others: [0, 0, 0, 0],
    sent: [random(), random(), random(), random()],
  }));
  const served = [0, 0, 0, 0];
  const ends: { ms: number; gateway: number; worker: number }[][] = [];
  let said = holds.map(({ now }) => [...now]);
  let worstExcess = 0;
  let sent = 0;
  for (let ms = 0; sent < requests; ms++) {
    for (const { gateway, worker } of ends[ms] ?? []) (holds[gateway] as Hold).now[worker]!--;
    for (const [gateway, hold] of holds.entries()) {
      for (let n = arrivals(gateway, ms); n > 0 && sent < requests; n--) {
        const candidates = hold.now.map((_, worker) =>
          candidateOf({ load: load(hold, worker), slots: 1_000, sent: hold.sent[worker]! }),
        );
        const worker = pickLeastConnections(candidates);
        hold.sent[worker]!++;
        hold.now[worker]!++;
        served[worker]!++;
        sent++;
        const end = ms + 1 + Math.floor(random() * 8);
        ends[end] ??= [];
        ends[end].push({ ms: end, gateway, worker });
      }
    }
    const totals = Array.from({ length: WORKERS }, (_, w) =>
      holds.reduce((sum, { now }) => sum + now[w]!, 0),
    );
    const mean = totals.reduce((a, b) => a + b, 0) / WORKERS;
    worstExcess = Math.max(worstExcess, Math.max(...totals) - mean);
    for (const [gateway, hold] of holds.entries()) {
      if (ms % TICK_MS !== (gateway * 3) % TICK_MS) continue;
      hold.others = hold.now.map((_, w) =>
        said.reduce((sum, one, other) => (other === gateway ? sum : sum + one[w]!), 0),
      );
      hold.heardAt = [...hold.now];
    }
    if (ms % TICK_MS === 0) said = holds.map(({ now }) => [...now]);
  }
  return { served, worstExcess };
}

/** What a gateway does that takes the others' load for current. */
const naive = ({ now, others }: Hold, w: number) => now[w]! + others[w]!;

const expected = (gateways: number) => (hold: Hold, w: number) =>
  expectedLoad(hold.others[w]!, hold.heardAt[w]!, hold.now[w]!, gateways);

describe('three gateways before four equal workers', () => {
  it('share 10,000 steady requests out to within 2 %', () => {
    const random = seededRandom(1).next;
    const { served } = simulate(3, 10_000, () => (random() < 0.8 ? 1 : 0), expected(3), random);
    for (const count of served) expect(Math.abs(count - 2_500)).toBeLessThanOrEqual(50);
  });

  it('share 10,000 requests that come in bursts out to within 2 %', () => {
    const random = seededRandom(2).next;
    const bursts = () => (random() < 0.02 ? Math.floor(random() * 60) : 0);
    const { served } = simulate(3, 10_000, bursts, expected(3), random);
    for (const count of served) expect(Math.abs(count - 2_500)).toBeLessThanOrEqual(50);
  });

  it('do not overshoot where gateways that take the stale load for current do', () => {
    const run = (load: (hold: Hold, w: number) => number) => {
      const random = seededRandom(3).next;
      const bursts = () => (random() < 0.05 ? Math.floor(random() * 40) : 0);
      return simulate(8, 20_000, bursts, load, random).worstExcess;
    };
    expect(run(expected(8))).toBeLessThan(run(naive));
  });
});

describe('expectedLoad', () => {
  it('is the load itself with one gateway', () => {
    expect(expectedLoad(0, 3, 7, 1)).toBe(7);
  });

  it('fills of a gap the share of one gateway before the others are heard again', () => {
    // 12 are missing at one worker of two; each of three gateways sends it 4, and then is indifferent.
    expect(expectedLoad(0, 0, 4, 3)).toBe(expectedLoad(8, 4, 4, 3));
  });

  it('is never negative', () => {
    expect(expectedLoad(1, 10, 0, 5)).toBe(0);
  });
});
