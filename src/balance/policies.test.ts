/** What holds of every policy. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCandidates, candidateOf, chanceOf } from '../../test/support/candidates.ts';
import { simulateWorkers } from '../../test/support/worker-simulation.ts';
import { hasFreeSlot } from './free-slots.ts';
import { POLICIES, POLICY_NAMES } from './policies.ts';

describe.each(POLICY_NAMES)('%s', (name) => {
  const policy = POLICIES[name];

  it('takes nobody but one with a free slot', () => {
    fc.assert(
      fc.property(anyCandidates, fc.nat(), fc.nat(50), (candidates, turn, waiting) => {
        const picked = policy(candidates, chanceOf({ turn, waiting, seed: turn }));
        if (picked !== -1) expect(candidates.filter(hasFreeSlot)).toContain(candidates[picked]);
      }),
    );
  });

  it('takes somebody with a free slot when nothing is in flight that could come back for the request', () => {
    fc.assert(
      fc.property(anyCandidates, fc.nat(), (candidates, turn) => {
        const idle = candidates.map((one) => ({ ...one, load: 0, occupied: 0 }));
        const picked = policy(idle, chanceOf({ turn, seed: turn }));
        expect(picked !== -1).toBe(idle.some(hasFreeSlot));
      }),
    );
  });

  it('takes somebody with a free slot when the request cannot wait', () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const picked = policy(candidates, chanceOf({ waiting: Number.POSITIVE_INFINITY }));
        expect(picked !== -1).toBe(candidates.some(hasFreeSlot));
      }),
    );
  });

  it('says so when there is nobody', () => {
    expect(policy([], chanceOf())).toBe(-1);
    expect(policy([candidateOf({ load: 3, occupied: 3, slots: 3 })], chanceOf())).toBe(-1);
  });

  it.each([
    { load: 0.05, service: 'constant', slots: 1 },
    { load: 0.05, service: 'constant', slots: 8 },
    { load: 0.5, service: 'lognormal', slots: 1 },
    { load: 0.5, service: 'lognormal', slots: 8 },
    { load: 0.9, service: 'lognormal', slots: 1 },
    { load: 0.9, service: 'lognormal', slots: 8 },
  ] as const)('shares 10,000 requests out to equal workers: load $load, $service, $slots slots', (world) => {
    const { served } = simulateWorkers(policy, { ...world, speeds: [1, 1, 1, 1], requests: 10_000, seed: 4 });
    // A share that is drawn has a deviation of 1.7 % of itself. Latencies of equal workers differ by chance, too, and
    // hot-cold follows them.
    const most = name === 'random' || name === 'hot-cold' ? 0.1 : 0.04;
    for (const count of served) expect(Math.abs(count / 2_500 - 1)).toBeLessThanOrEqual(most);
  });
});
