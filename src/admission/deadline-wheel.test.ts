/** No item is taken early, and none late by more than it may, however far ahead deadlines are and however seldom one looks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineWheel, newWheelPlace, type WheelPlace } from './deadline-wheel.ts';

interface Item {
  readonly name: string;
  readonly place: WheelPlace<Item>;
}

const GRANULARITY_MS = 5;
/** A turn takes 40 ms. */
const SLOTS = 8;

const item = (name: string): Item => ({ name, place: newWheelPlace() });
const newWheel = () => new DeadlineWheel<Item>(GRANULARITY_MS, SLOTS, (one) => one.place);
const names = (items: readonly Item[]) => items.map(({ name }) => name);

describe('DeadlineWheel', () => {
  it('takes out each at its time, the ones a turn or more ahead too', () => {
    const wheel = newWheel();
    for (const [name, at] of [
      ['next turn', 55],
      ['soon', 15],
      ['far', 10_015],
    ] as const)
      wheel.add(item(name), at, 0);
    expect([names(wheel.takeExpired(14)), names(wheel.takeExpired(15))]).toEqual([[], ['soon']]);
    expect([names(wheel.takeExpired(54)), names(wheel.takeExpired(55))]).toEqual([[], ['next turn']]);
    expect([names(wheel.takeExpired(10_014)), names(wheel.takeExpired(10_015))]).toEqual([[], ['far']]);
    expect(wheel.size).toBe(0);
  });

  it('takes out all that is due in one call that comes late', () => {
    const wheel = newWheel();
    for (let at = 1; at <= 300; at++) wheel.add(item(String(at)), at, 0);
    expect(wheel.takeExpired(250)).toHaveLength(250);
    expect(wheel.size).toBe(50);
  });

  it('takes out soon what was due before it came', () => {
    const wheel = newWheel();
    wheel.takeExpired(1_000);
    wheel.add(item('late'), 500, 1_001);
    expect(names(wheel.takeExpired(1_005))).toEqual(['late']);
  });

  it('does not wait for a turn where it was not looked at for long before the first came', () => {
    const wheel = newWheel();
    wheel.add(item('a'), 1_000_010, 1_000_000);
    expect(names(wheel.takeExpired(1_000_010))).toEqual(['a']);
  });

  it('does not take out what stands in another wheel', () => {
    const [one, other] = [newWheel(), newWheel()];
    const a = item('a');
    one.add(a, 10, 0);
    expect(other.remove(a)).toBe(false);
    expect([one.size, one.remove(a), one.remove(a), one.size]).toEqual([1, true, false, 0]);
  });

  it('is, whatever is done with it, as a list that is searched at each step, but for the granularity', () => {
    const quarters = (min: number, max: number) =>
      fc.integer({ min: 4 * min, max: 4 * max }).map((n) => n / 4);
    const step = fc.record({
      // Mostly a little, at times several turns.
      afterMs: fc.oneof(quarters(0, 3), quarters(0, 12), quarters(0, 300)),
      action: fc.oneof(
        fc.record({ kind: fc.constant('add' as const), inMs: quarters(-20, 200) }),
        fc.record({ kind: fc.constant('remove' as const), at: fc.nat(20) }),
        fc.record({ kind: fc.constant('look' as const) }),
      ),
    });
    fc.assert(
      fc.property(fc.nat(1_000), fc.array(step, { minLength: 10, maxLength: 80 }), (startMs, steps) => {
        const wheel = newWheel();
        let present: { item: Item; expiresAt: number; addedAt: number }[] = [];
        let now = startMs;
        for (const [n, { afterMs, action }] of steps.entries()) {
          now += afterMs;
          if (action.kind === 'add') {
            const added = { item: item(String(n)), expiresAt: Math.max(0, now + action.inMs), addedAt: now };
            wheel.add(added.item, added.expiresAt, now);
            present.push(added);
          } else if (action.kind === 'remove') {
            const [removed] = present.splice(action.at % (present.length || 1), 1);
            if (!removed) continue;
            expect(wheel.remove(removed.item)).toBe(true);
            expect(removed.item.place).toMatchObject({
              list: undefined,
              previous: undefined,
              next: undefined,
            });
          } else {
            const taken = new Set(wheel.takeExpired(now));
            for (const { item, expiresAt, addedAt } of present) {
              if (taken.has(item)) expect(expiresAt).toBeLessThanOrEqual(now);
              else expect(now - Math.max(expiresAt, addedAt)).toBeLessThan(GRANULARITY_MS);
            }
            present = present.filter(({ item }) => !taken.delete(item));
            expect(taken.size).toBe(0);
          }
          expect(wheel.size).toBe(present.length);
        }
      }),
    );
  });
});
