/** How fast the workers of each scenario are, relative to one that takes just what a request demands. */

/** The slow ones stand among the others, so that no rule that goes by place finds or misses them together. */
export const SPEEDS = {
  equal: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  unequal: [1, 0.5, 1, 0.2, 1, 0.5, 1, 0.2, 0.5, 1],
  'one-slow': [1, 1, 1, 1, 0.1, 1, 1, 1, 1, 1],
} as const satisfies Readonly<Record<string, readonly number[]>>;

export type Scenario = keyof typeof SPEEDS;
export const SCENARIOS = Object.keys(SPEEDS) as readonly Scenario[];

/** Work done a millisecond when all are busy, in milliseconds of a worker of speed 1. */
export function capacityOf(scenario: Scenario): number {
  return SPEEDS[scenario].reduce((sum: number, speed) => sum + speed, 0);
}
