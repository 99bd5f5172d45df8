/**
 * Ten workers of three speeds at 0.9 of what they can do: what each policy makes of the 99th percentile, when requests
 * wait in one queue for a worker with a free slot, and when each is sent to a worker at once.
 *
 * Orders and factors that hold by far.
 */
import { describe, expect, it } from 'vitest';
import { simulateWorkers } from '../../test/support/worker-simulation.ts';
import { POLICIES, POLICY_NAMES, type PolicyName } from './policies.ts';

const SPEEDS = [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.2, 0.2];
const AT_ONCE = Number.POSITIVE_INFINITY;

type Service = 'lognormal' | 'constant';

/** In mean service times of a worker of speed 1. */
function p99(name: PolicyName, service: Service, slots: number, load = 0.9): number {
  const world = { speeds: SPEEDS, slots, load, service, requests: 20_000, seed: 7 };
  return simulateWorkers(POLICIES[name], world).latencyMs(0.99);
}

describe.each(['lognormal', 'constant'] as const)('workers of three speeds, %s service times', (service) => {
  it('overflow with the policies that know of no load, when requests are sent at once', () => {
    const others = POLICY_NAMES.filter((name) => name !== 'random' && name !== 'round-robin');
    const worst = Math.max(...others.map((name) => p99(name, service, AT_ONCE)));
    expect(p99('random', service, AT_ONCE)).toBeGreaterThan(10 * worst);
    expect(p99('round-robin', service, AT_ONCE)).toBeGreaterThan(10 * worst);
  });

  it('are told apart by measured service times and by conditioned latencies', () => {
    const blind = p99('least-connections', service, AT_ONCE);
    expect(p99('shortest-expected-delay', service, AT_ONCE)).toBeLessThan(0.85 * blind);
    expect(p99('hot-cold', service, AT_ONCE)).toBeLessThan(0.85 * blind);
    expect(p99('power-of-two-choices', service, AT_ONCE)).toBeGreaterThan(1.4 * blind);
  });

  it('are used best when requests wait in the gateway, and for the fast ones', () => {
    const late = p99('shortest-expected-delay', service, 1);
    expect(late).toBeLessThan(0.6 * p99('least-connections', service, AT_ONCE));
    expect(late).toBeLessThan(0.4 * p99('power-of-two-choices', service, AT_ONCE));
  });

  it('serve a light load without the slow ones', () => {
    const late = p99('shortest-expected-delay', service, 1, 0.5);
    expect(late).toBeLessThan(0.7 * p99('least-connections', service, 1, 0.5));
  });
});

describe('one worker that is ten times slower than the three others', () => {
  it('holds nobody up at half the load', () => {
    const world = {
      speeds: [1, 1, 1, 0.1],
      slots: 1,
      load: 0.5,
      service: 'constant',
      requests: 20_000,
      seed: 8,
    } as const;
    const { latencyMs } = simulateWorkers(POLICIES['shortest-expected-delay'], world);
    expect(latencyMs(0.99)).toBeLessThan(4);
    expect(simulateWorkers(POLICIES['least-connections'], world).latencyMs(0.99)).toBeGreaterThanOrEqual(10);
  });
});
