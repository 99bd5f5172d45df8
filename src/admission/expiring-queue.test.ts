/** The queue keeps order, bounds and time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpiringQueue, newPlace, type QueuePlace } from './expiring-queue.ts';

interface Item {
  readonly name: string;
  readonly place: QueuePlace<Item>;
}

const item = (name: string): Item => ({ name, place: newPlace() });
const queueOf = (maxItems: number, maxAgeMs: number) =>
  new ExpiringQueue<Item>(maxItems, maxAgeMs, (one) => one.place);
const names = (items: readonly Item[]) => items.map(({ name }) => name);

describe('ExpiringQueue', () => {
  it('gives the oldest first and takes out any', () => {
    const queue = queueOf(10, 100);
    const [a, b, c] = [item('a'), item('b'), item('c')];
    for (const one of [a, b, c]) expect(queue.offer(one, 0)).toBe(true);
    expect(queue.peek()).toBe(a);
    expect(queue.remove(a)).toBe(true);
    expect(queue.remove(a)).toBe(false);
    expect(queue.peek()).toBe(b);
    expect(queue.size).toBe(2);
    expect(names(queue.takeAll())).toEqual(['b', 'c']);
    expect(queue.peek()).toBeUndefined();
  });

  it('refuses what is beyond its bound, until there is room', () => {
    const queue = queueOf(2, 100);
    const b = item('b');
    expect(queue.offer(item('a'), 0) && queue.offer(b, 0)).toBe(true);
    expect(queue.offer(item('c'), 0)).toBe(false);
    queue.remove(b);
    expect(queue.offer(item('c'), 0)).toBe(true);
  });

  it('takes out what has waited as long as it may, and nothing younger', () => {
    const queue = queueOf(10, 100);
    queue.offer(item('a'), 0);
    queue.offer(item('b'), 50);
    expect(names(queue.takeExpired(99))).toEqual([]);
    expect(names(queue.takeExpired(100))).toEqual(['a']);
    expect(names(queue.takeExpired(1_000))).toEqual(['b']);
    expect(queue.size).toBe(0);
  });

  it('does not take out what stands in another queue', () => {
    const [one, other] = [queueOf(10, 100), queueOf(10, 100)];
    const a = item('a');
    one.offer(a, 0);
    expect(other.remove(a)).toBe(false);
    expect(one.size).toBe(1);
  });

  it('keeps the order of a list from which any item may be taken, and leaves no item behind in one that is gone', () => {
    const step = fc.oneof(fc.constant('offer' as const), fc.nat(20));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = queueOf(1_000, 100);
        let expected: Item[] = [];
        for (const [n, one] of steps.entries()) {
          if (one === 'offer') {
            const added = item(String(n));
            queue.offer(added, 0);
            expected.push(added);
            continue;
          }
          const removed = expected[one];
          if (!removed) continue;
          expect(queue.remove(removed)).toBe(true);
          expect(removed.place).toMatchObject({ queue: undefined, previous: undefined, next: undefined });
          expected = expected.filter((other) => other !== removed);
          expect(queue.peek()).toBe(expected[0]);
        }
        expect(queue.takeAll()).toEqual(expected);
      }),
    );
  });
});
