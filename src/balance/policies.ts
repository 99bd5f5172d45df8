/** All policies by the names that the configuration has for them. */
import type { BalancePolicy } from './candidate.ts';
import { pickHotCold } from './hot-cold.ts';
import { pickLeastConnections } from './least-connections.ts';
import { pickPowerOfTwoChoices } from './power-of-two-choices.ts';
import { pickRoundRobin } from './round-robin.ts';
import { pickShortestExpectedDelay } from './shortest-expected-delay.ts';
import { pickRandom } from './uniform-random.ts';
import { pickWeightedLeastConnections } from './weighted-least-connections.ts';

export const POLICY_NAMES = [
  'round-robin',
  'random',
  'least-connections',
  'weighted-least-connections',
  'power-of-two-choices',
  'shortest-expected-delay',
  'hot-cold',
] as const;

export type PolicyName = (typeof POLICY_NAMES)[number];

export const POLICIES: Readonly<Record<PolicyName, BalancePolicy>> = {
  'round-robin': pickRoundRobin,
  random: pickRandom,
  'least-connections': pickLeastConnections,
  'weighted-least-connections': pickWeightedLeastConnections,
  'power-of-two-choices': pickPowerOfTwoChoices,
  'shortest-expected-delay': pickShortestExpectedDelay,
  'hot-cold': pickHotCold,
};
