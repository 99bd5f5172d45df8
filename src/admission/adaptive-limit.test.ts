/** Limits found for simulated workers that always have more requests waiting for them than they can take. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';

interface SimulatedWorker {
  readonly instances: number;
  readonly maxBatch: number;
  /** Of a run of so many requests that begins now. */
  readonly runMs: (requests: number, nowMs: number) => number;
  /** Between a worker's answer and the arrival of the next request in its place. */
  readonly turnaroundMs: number;
}

interface Limit {
  readonly limit: number;
  onAnswered(queueMs: number, serviceMs: number, full: boolean): void;
  onAlone(latencyMs: number): void;
  onNext(sinceLastMs: number): void;
}

interface Saturated {
  /** Answers within the time watched, per millisecond. */
  readonly throughput: number;
  readonly meanLimit: number;
  /** Share of the time at each limit. */
  readonly shares: ReadonlyMap<number, number>;
}

interface Request {
  readonly full: boolean;
  /** It was sent as soon as another was answered. */
  readonly follows: boolean;
  readonly sentMs: number;
  arrivedMs: number;
}

/** Runs a worker from `beginMs` to `endMs` under a limit with no end of requests; watches it from `watchMs` on. */
function saturate(worker: SimulatedWorker, limit: Limit, endMs: number, watchMs = 0, beginMs = 0): Saturated {
  const events: { ms: number; happen: () => void }[] = [];
  const queue: Request[] = [];
  let now = beginMs;
  let running = 0;
  let inFlight = 0;
  let answered = 0;
  let answeredAt = -1;
  const shares = new Map<number, number>();
  const at = (ms: number, happen: () => void) => {
    let i = events.length;
    while (i > 0 && events[i - 1]!.ms > ms) i--;
    events.splice(i, 0, { ms, happen });
  };
  const start = () => {
    while (running < worker.instances && queue.length > 0) {
      const batch = queue.splice(0, worker.maxBatch);
      const begun = now;
      const runMs = worker.runMs(batch.length, now);
      running++;
      at(now + runMs, () => {
        running--;
        start();
        for (const { arrivedMs, sentMs, full, follows } of batch) {
          inFlight--;
          if (now >= watchMs) answered++;
          limit.onAnswered(begun - arrivedMs, runMs, full);
          limit.onAlone(now - sentMs - (begun - arrivedMs));
          if (follows) limit.onNext(now - answeredAt);
          answeredAt = now;
          fill();
        }
      });
    }
  };
  const fill = () => {
    while (inFlight < limit.limit) {
      inFlight++;
      const full = inFlight >= limit.limit;
      const request = { full, follows: now === answeredAt, sentMs: now, arrivedMs: 0 };
      at(now + worker.turnaroundMs, () => {
        request.arrivedMs = now;
        queue.push(request);
        start();
      });
    }
  };
  fill();
  for (let event = events.shift(); event !== undefined && event.ms < endMs; event = events.shift()) {
    const watched = event.ms - Math.max(now, watchMs);
    if (watched > 0) shares.set(limit.limit, (shares.get(limit.limit) ?? 0) + watched / (endMs - watchMs));
    now = event.ms;
    event.happen();
  }
  let meanLimit = 0;
  for (const [value, share] of shares) meanLimit += value * share;
  return { throughput: answered / (endMs - watchMs), meanLimit, shares };
}

const fixed = (limit: number): Limit => ({ limit, onAnswered() {}, onAlone() {}, onNext() {} });
const single = (ms: number, instances = 1): SimulatedWorker => ({
  instances,
  maxBatch: 1,
  runMs: () => ms,
  turnaroundMs: 0.1,
});
const batching = (a: number, b: number, turnaroundMs = 0.1): SimulatedWorker => ({
  instances: 1,
  maxBatch: 64,
  runMs: (requests) => a + b * requests,
  turnaroundMs,
});
const forSingles = (most = 32) => new AdaptiveLimit({ least: 1, most, patience: 0.5, evidenceRounds: 2 });
const forBatches = (most = 128) => new AdaptiveLimit({ least: 1, most, patience: 1.2, evidenceRounds: 2 });

/** Mean 1; with a sigma of 1 the 99th percentile is six times that. */
function lognormal(seed: number, sigma: number): () => number {
  const { next } = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return () => Math.exp(sigma * normal() - sigma ** 2 / 2);
}

describe('the limit of a worker that takes one request at a time', () => {
  it('is 1, with a second one tried seldom', () => {
    const { meanLimit, shares } = saturate(single(10), forSingles(), 30_000, 1_000);
    expect(meanLimit).toBeLessThan(1.3);
    expect(shares.get(1)).toBeGreaterThan(0.85);
  });

  it('is near 1 with runs of unequal length too', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const draw = lognormal(seed, 1);
      const worker = { ...single(10), runMs: () => 10 * draw() };
      const { meanLimit } = saturate(worker, forSingles(), 60_000, 1_000);
      expect(meanLimit, `seed ${seed}`).toBeLessThan(1.3);
    }
  });

  it.each([0, 0.5, 1])('keeps it busy where the gateway turns around slowly (sigma %d)', (sigma) => {
    for (const [runMs, turnaroundMs] of [
      [5, 2],
      [10, 5],
      [5, 12],
    ] as const) {
      const varying = () => {
        const draw = lognormal(1, sigma);
        return { ...single(runMs), runMs: () => runMs * draw(), turnaroundMs };
      };
      const best = saturate(varying(), fixed(32), 60_000, 10_000).throughput;
      const { throughput, meanLimit } = saturate(varying(), forSingles(), 60_000, 10_000);
      expect(throughput, `${runMs} ms and ${turnaroundMs} ms`).toBeGreaterThan(0.85 * best);
      expect(meanLimit).toBeLessThan(2 + (2 * turnaroundMs) / runMs);
    }
  });

  it('is as many as it has instances, and up to half as many more', () => {
    const { meanLimit, throughput } = saturate(single(10, 4), forSingles(), 30_000, 1_000);
    expect(meanLimit).toBeGreaterThanOrEqual(4);
    expect(meanLimit).toBeLessThanOrEqual(6.5);
    expect(throughput).toBeGreaterThan(0.39);
  });

  it('does not let very short runs run out while the gateway turns around', () => {
    const worker = { ...single(0.02), turnaroundMs: 1 };
    const best = saturate(worker, fixed(32), 2_000, 200).throughput;
    expect(saturate(worker, forSingles(), 2_000, 200).throughput).toBeGreaterThan(0.95 * best);
  });
});

describe('the limit of a worker that runs batches', () => {
  it.each([
    [0.1, 0.004],
    [1, 0.05],
    [10, 0.1],
  ])('lets runs of %d ms + %d ms a row come to what 128 at once would', (a, b) => {
    const best = saturate(batching(a, b), fixed(128), 6_000, 1_000).throughput;
    expect(saturate(batching(a, b), forBatches(), 6_000, 1_000).throughput).toBeGreaterThan(0.95 * best);
  });

  it('does so also where the gateway turns around slowly', () => {
    const best = saturate(batching(0.1, 0.004, 1), fixed(128), 3_000, 1_000).throughput;
    const found = saturate(batching(0.1, 0.004, 1), forBatches(), 3_000, 1_000).throughput;
    expect(found).toBeGreaterThan(0.95 * best);
  });

  it.each([0.2, 0.5, 1])('does so also where runs vary by chance (sigma %d)', (sigma) => {
    // Two runs of unequal length look like a queue; at worst the limit would fall to 1 and no batch form again.
    const varying = () => {
      const draw = lognormal(1, sigma);
      return { ...batching(10, 0.1), runMs: (requests: number) => (10 + 0.1 * requests) * draw() };
    };
    const best = saturate(varying(), fixed(128), 30_000, 1_000).throughput;
    expect(saturate(varying(), forBatches(), 30_000, 1_000).throughput).toBeGreaterThan(0.95 * best);
  });

  it('is back within a second after one pause of half a second', () => {
    const pausing = { ...batching(10, 0.1), runMs: (n: number) => (paused() ? 500 : 10 + 0.1 * n) };
    let pauses = 0;
    const paused = () => pauses-- > 0;
    const limit = forBatches();
    saturate(pausing, limit, 3_000);
    expect(limit.limit).toBe(128);
    pauses = 1;
    const after = saturate(pausing, limit, 5_000, 2_000);
    const best = saturate(batching(10, 0.1), fixed(128), 5_000, 2_000);
    expect(after.throughput).toBeGreaterThan(0.95 * best.throughput);
  });
});

describe('a worker that becomes ten times slower and fast again', () => {
  it('is left with what it can use within some rounds, and gets more once it can', () => {
    let factor = 1;
    const worker = { ...single(0.1), runMs: () => 0.1 * factor };
    const limit = forSingles();
    saturate(worker, limit, 500);
    const before = limit.limit;
    factor = 10;
    saturate(worker, limit, 200);
    const slow = saturate(worker, limit, 2_000, 200);
    factor = 1;
    saturate(worker, limit, 500);
    expect(before).toBe(32);
    // 4 ms may wait, which is four of its runs.
    expect(slow.meanLimit).toBeLessThan(6);
    expect(limit.limit).toBe(32);
  });

  it('is cut at the first answers that show it, not at the end of a round', () => {
    const limit = forSingles();
    saturate(single(0.1), limit, 500);
    // 32 runs of a second each are under way; the whole round would take 32 s.
    for (let answer = 0; answer < 8; answer++) limit.onAnswered(answer * 1_000, 1_000, true);
    expect(limit.limit).toBe(16);
  });
});

describe('AdaptiveLimit', () => {
  const answer = (limit: AdaptiveLimit, count: number, queueMs: number, full = true, serviceMs = 10) => {
    for (let n = 0; n < count; n++) limit.onAnswered(queueMs, serviceMs, full);
  };

  it('begins at four, or at the most that there may be', () => {
    expect(forSingles().limit).toBe(4);
    expect(forSingles(2).limit).toBe(2);
    expect(new AdaptiveLimit({ least: 6, most: 8, patience: 1, evidenceRounds: 2 }).limit).toBe(6);
  });

  it('doubles a round until there is too much', () => {
    const limit = forBatches(100);
    const seen: number[] = [];
    for (const count of [4, 4 + 8, 8 + 16, 16 + 32, 32 + 64, 64 + 100]) {
      answer(limit, count, 0);
      seen.push(limit.limit);
    }
    expect(seen).toEqual([8, 16, 32, 64, 100, 100]);
  });

  it('does not grow where it is not used', () => {
    const limit = forSingles();
    answer(limit, 1_000, 0, false);
    expect(limit.limit).toBe(4);
  });

  it('is cut for busy by a fifth, once for all that were under way', () => {
    const limit = new AdaptiveLimit({ least: 20, most: 40, patience: 1, evidenceRounds: 2 });
    answer(limit, 200, 0);
    expect(limit.limit).toBe(40);
    limit.onBusy();
    limit.onBusy();
    answer(limit, 39, 1_000);
    limit.onBusy();
    expect(limit.limit).toBe(32);
    answer(limit, 1, 0);
    limit.onBusy();
    expect(limit.limit).toBe(26);
  });

  it('never leaves its bounds', () => {
    const { next } = seededRandom(7);
    const limit = new AdaptiveLimit({ least: 2, most: 9, patience: 0.5, evidenceRounds: 2 });
    const seen = new Set<number>();
    let congested = false;
    for (let n = 0; n < 20_000; n++) {
      if (next() < 0.01) congested = !congested;
      if (next() < 0.001) limit.onBusy();
      else answer(limit, 1, congested ? 50 : 0);
      seen.add(limit.limit);
    }
    expect([...seen].toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('leaves a worker of short runs what waits too short to matter, whoever made it wait longer', () => {
    const limit = forSingles();
    answer(limit, 200, 500, true, 1.5);
    // Three wait for at most two others, which is 3 of the 4 ms that may be.
    expect(limit.limit).toBe(3);
  });

  it('begins anew after a reset', () => {
    const limit = forSingles();
    answer(limit, 4, 100);
    expect(limit.limit).toBe(2);
    limit.reset();
    expect(limit.limit).toBe(4);
    answer(limit, 4, 0);
    expect(limit.limit).toBe(8);
  });
});
