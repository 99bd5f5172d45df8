/** What a benchmark sets out to reach, and whether it did. */

export interface Target<Figure extends string = string> {
  readonly figure: Figure;
  readonly comparison: '<=' | '>=' | '<';
  readonly limit: number;
}

export interface Verdict<Figure extends string = string> extends Target<Figure> {
  readonly value: number | null;
  readonly verdict: 'reached' | 'missed' | 'not measured';
}

/** @param read null where a figure was not measured */
export function judgeTargets<Figure extends string>(
  targets: readonly Target<Figure>[],
  read: (figure: Figure) => number | null,
): Verdict<Figure>[] {
  return targets.map((target) => {
    const value = read(target.figure);
    if (value === null) return { ...target, value, verdict: 'not measured' };
    return { ...target, value, verdict: isReached(target, value) ? 'reached' : 'missed' };
  });
}

function isReached({ comparison, limit }: Target, value: number): boolean {
  switch (comparison) {
    case '<=':
      return value <= limit;
    case '>=':
      return value >= limit;
    case '<':
      return value < limit;
  }
}
