import { describe, expect, it } from 'vitest';
import { pickVersions } from './version-policy.ts';

describe('version policy', () => {
  const onDisk = ['10', '9', '2', '100000000000000001', '100000000000000000'];

  it('orders versions as numbers, also beyond 2^53', () => {
    const chosen = ['2', '9', '10', '100000000000000000', '100000000000000001'];
    expect(pickVersions(onDisk, { kind: 'all' })).toEqual({ chosen, missing: [] });
  });

  it('takes the highest for latest, and no more than there are', () => {
    expect(pickVersions(['10', '9', '2'], { kind: 'latest', count: 2 })).toEqual({
      chosen: ['9', '10'],
      missing: [],
    });
    expect(pickVersions(['1'], { kind: 'latest', count: 4_294_967_295 })).toEqual({
      chosen: ['1'],
      missing: [],
    });
  });

  it('tells which specific versions are missing', () => {
    const policy = { kind: 'specific', versions: ['11', '9', '3', '9'] } as const;
    expect(pickVersions(onDisk, policy)).toEqual({ chosen: ['9'], missing: ['3', '11'] });
  });
});
