/** A new way of serving a version takes the place of the old one only once it is proven. */
import { describe, expect, it } from 'vitest';
import { type ServedVersion, type Wanted, WantedVersions } from './wanted-versions.ts';

const served = (modelPath: string): ServedVersion => ({
  id_model: 'm',
  version: '1',
  modelPath,
  platform: '',
  config: {},
  replicas: 2,
  revision: 'r',
});
const M = { id_model: 'm', version: '1' };

function setUp(...paths: string[]) {
  const versions = new WantedVersions();
  for (const path of paths) {
    versions.add(served(path));
    versions.prove(versions.get(M) as Wanted);
  }
  const current = () => versions.get(M) as Wanted;
  return { versions, current };
}

describe('WantedVersions', () => {
  it('serves what was asked for last, under a generation of its own', () => {
    const { versions, current } = setUp('a');
    const first = current().generation;
    versions.add(served('b'));
    expect(current().served.modelPath).toBe('b');
    expect(current().generation).toBeGreaterThan(first);
    expect(versions.isNewest(current())).toBe(true);
  });

  it('goes back to what was proven when the new does not load, however often', () => {
    const { versions, current } = setUp('a');
    versions.add(served('b'));
    versions.add(served('c'));
    expect(versions.giveUp(current())).toBe(true);
    expect(current().served.modelPath).toBe('a');
    expect(versions.isNewest(current())).toBe(false);
    versions.add(served('d'));
    expect(versions.giveUp(current())).toBe(true);
    expect(current().served.modelPath).toBe('a');
  });

  it('has nothing left when the first does not load', () => {
    const { versions, current } = setUp();
    versions.add(served('a'));
    expect(versions.giveUp(current())).toBe(false);
    expect(current()).toBeUndefined();
  });

  it('waits longer with each death in a row, and starts anew after a sound life', () => {
    const { versions, current } = setUp('a');
    expect([1, 2, 3].map(() => versions.onDeath(current(), false, 1_000))).toEqual([0, 250, 500]);
    expect(versions.list()).toMatchObject([{ startNotBefore: 1_500, replicas: 2 }]);
    expect(versions.onDeath(current(), true, 1_000)).toBe(0);
  });
});
