/** Workers as a policy sees them, for tests of policies. */
import fc from 'fast-check';
import type { Candidate, Chance } from '../../src/balance/candidate.ts';
import { seededRandom } from './seeded-random.ts';

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Idle, unknown, with eight slots, but for what is said. */
export function candidateOf(said: Partial<Candidate> = {}): Writable<Candidate> {
  return { load: 0, occupied: 0, slots: 8, sent: 0, weight: 1, serviceMs: 0, latencyMs: 0, ...said };
}

export function chanceOf(said: { turn?: number; waiting?: number; seed?: number } = {}): Writable<Chance> {
  const { turn = 0, waiting = 1, seed = 1 } = said;
  return { turn, waiting, random: seededRandom(seed).next };
}

export const anyCandidates: fc.Arbitrary<Candidate[]> = fc.array(
  fc.record({
    load: fc.nat(20),
    occupied: fc.nat(20),
    slots: fc.nat(20),
    sent: fc.nat(5),
    weight: fc.integer({ min: 1, max: 10 }),
    serviceMs: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 100, noNaN: true })),
    latencyMs: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 100, noNaN: true })),
  }),
  { maxLength: 30 },
);
