/** The queue keeps order, bounds and time, and is what an array would be that is sorted at each step. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  newWaitingPlace,
  PRIORITIES,
  type WaitingLimits,
  type WaitingPlace,
  WaitingQueue,
} from './waiting-queue.ts';

interface Item {
  readonly name: string;
  readonly place: WaitingPlace<Item>;
}

const item = (name: string): Item => ({ name, place: newWaitingPlace() });
const queueOf = (limits: Partial<WaitingLimits> = {}) =>
  new WaitingQueue<Item>({ maxItems: 10, maxBytes: 1_000, maxAgeMs: 100, ...limits }, (one) => one.place);
const names = (items: readonly Item[]) => items.map(({ name }) => name);

describe('WaitingQueue', () => {
  it('gives the most important first, and the oldest of these', () => {
    const queue = queueOf();
    for (const [name, priority] of [
      ['a', 7],
      ['b', 3],
      ['c', 0],
      ['d', 3],
      ['e', 0],
    ] as const) {
      expect(queue.offer(item(name), priority, 1, 0)).toBe(true);
    }
    expect(queue.peek()?.name).toBe('c');
    expect([0, 2, 3, 7].map((priority) => queue.ahead(priority))).toEqual([2, 2, 4, 5]);
    expect(names(queue.takeAged(Number.POSITIVE_INFINITY))).toEqual(['c', 'e', 'b', 'd', 'a']);
    expect(queue.peek()).toBeUndefined();
  });

  it('refuses what is beyond its number or its bytes, until there is room', () => {
    const queue = queueOf({ maxItems: 2, maxBytes: 10 });
    const [a, b] = [item('a'), item('b')];
    expect(queue.offer(a, 4, 8, 0)).toBe(true);
    expect(queue.offer(item('too large'), 4, 3, 0)).toBe(false);
    expect(queue.offer(b, 4, 2, 0)).toBe(true);
    expect(queue.offer(item('one too many'), 4, 0, 0)).toBe(false);
    expect([queue.size, queue.bytes]).toEqual([2, 10]);
    queue.remove(a);
    expect(queue.offer(item('c'), 4, 8, 0)).toBe(true);
  });

  it('makes room for a more important one by the youngest of the least important', () => {
    const queue = queueOf({ maxItems: 3 });
    for (const [name, priority] of [
      ['a', 4],
      ['b', 5],
      ['c', 5],
    ] as const)
      queue.offer(item(name), priority, 1, 0);
    expect([queue.hasRoom(5, 1), queue.displace(5)]).toEqual([false, undefined]);
    expect(queue.hasRoom(4, 1)).toBe(true);
    expect(queue.displace(4)?.name).toBe('c');
    expect(queue.offer(item('d'), 4, 1, 0)).toBe(true);
    expect(queue.displace(4)?.name).toBe('b');
    expect(queue.displace(4)).toBeUndefined();
    expect(queue.displace(3)?.name).toBe('d');
  });

  it('has no room where all that are less important are not large enough together', () => {
    const queue = queueOf({ maxBytes: 100 });
    queue.offer(item('a'), 3, 60, 0);
    queue.offer(item('b'), 6, 20, 0);
    queue.offer(item('c'), 7, 20, 0);
    expect([queue.hasRoom(4, 40), queue.hasRoom(4, 41), queue.hasRoom(6, 21)]).toEqual([true, false, false]);
    expect(queue.hasRoom(0, 101)).toBe(false);
  });

  it('gives back its place to one that was taken in vain, though the queue has become full', () => {
    const queue = queueOf({ maxItems: 2 });
    const [a, b] = [item('a'), item('b')];
    for (const one of [a, b]) queue.offer(one, 4, 1, 0);
    for (const one of [a, b]) queue.remove(one);
    queue.offer(item('c'), 4, 1, 50);
    queue.offer(item('d'), 4, 1, 50);
    for (const one of [b, a]) queue.putBack(one, 4, 1, one === a ? 10 : 20);
    expect(queue.size).toBe(4);
    expect(queue.offer(item('e'), 4, 1, 50)).toBe(false);
    expect(names(queue.takeAged(110))).toEqual(['a']);
    expect(names(queue.takeAged(Number.POSITIVE_INFINITY))).toEqual(['b', 'c', 'd']);
  });

  it('takes out what has waited for as long as it may, and nothing younger', () => {
    const queue = queueOf({ maxAgeMs: 100 });
    queue.offer(item('a'), 6, 1, 0);
    queue.offer(item('b'), 2, 1, 50);
    queue.offer(item('c'), 6, 1, 150);
    expect(names(queue.takeAged(99))).toEqual([]);
    expect(names(queue.takeAged(150))).toEqual(['b', 'a']);
    expect(names(queue.takeAged(250))).toEqual(['c']);
    expect([queue.size, queue.bytes]).toEqual([0, 0]);
  });

  it('does not take out what stands in another queue', () => {
    const [one, other] = [queueOf(), queueOf()];
    const a = item('a');
    one.offer(a, 0, 1, 0);
    expect(other.remove(a)).toBe(false);
    expect(one.size).toBe(1);
  });

  // Few, so that many steps meet in one list.
  const priority = fc.constantFrom(0, 3, PRIORITIES - 1);
  const bytes = fc.nat(30);
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('offer' as const), priority, bytes }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), isBusy: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('putBack' as const), at: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('displace' as const), priority }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(30) }) },
  );
  const limits = fc.record({
    maxItems: fc.integer({ min: 2, max: 10 }),
    maxBytes: fc.integer({ min: 30, max: 120 }),
    maxAgeMs: fc.integer({ min: 1, max: 200 }),
  });

  it('is, whatever is done with it, as an array would be that is sorted at each step', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { minLength: 20, maxLength: 80 }), (limits, steps) => {
        const queue = queueOf(limits);
        const model = new SortedArray(limits);
        /** Those that are at a worker. */
        const taken: Waiting[] = [];
        let now = 0;
        for (const [n, one] of steps.entries()) {
          now += n % 2;
          if (one.kind === 'offer') {
            const added = { item: item(String(n)), ...one, since: now, isBack: false };
            expect(queue.offer(added.item, one.priority, one.bytes, now)).toBe(model.offer(added));
          } else if (one.kind === 'take') {
            const first = model.waiting[0];
            if (!first) continue;
            expect(queue.remove(first.item)).toBe(true);
            expect(queue.remove(first.item)).toBe(false);
            expect(first.item.place).toMatchObject({ list: undefined, previous: undefined, next: undefined });
            model.remove(first);
            if (one.isBusy) taken.push(first);
          } else if (one.kind === 'remove') {
            const removed = model.waiting[one.at % (model.waiting.length || 1)];
            if (removed) expect(queue.remove(removed.item)).toBe(true);
            if (removed) model.remove(removed);
          } else if (one.kind === 'putBack') {
            const [back] = taken.splice(one.at % (taken.length || 1), 1);
            if (!back) continue;
            queue.putBack(back.item, back.priority, back.bytes, back.since);
            model.putBack(back);
          } else if (one.kind === 'displace') {
            expect(queue.displace(one.priority)).toBe(model.displace(one.priority));
          } else {
            now += one.ms;
            expect(queue.takeAged(now)).toEqual(model.takeAged(now));
          }
          expect(queue.peek()).toBe(model.waiting[0]?.item);
          expect([queue.size, queue.bytes]).toEqual([model.waiting.length, model.bytes]);
          for (const p of [0, 3, 5, PRIORITIES - 1]) {
            expect(queue.ahead(p)).toBe(model.ahead(p));
            expect(queue.hasRoom(p, 20)).toBe(model.hasRoom(p, 20));
          }
        }
        expect(queue.takeAged(Number.POSITIVE_INFINITY)).toEqual(model.waiting.map(({ item }) => item));
        expect([queue.size, queue.bytes, queue.peek()]).toEqual([0, 0, undefined]);
      }),
    );
  });
});

interface Waiting {
  readonly item: Item;
  readonly priority: number;
  readonly bytes: number;
  readonly since: number;
  /** Was put back. */
  readonly isBack: boolean;
}

/** What the queue should be, as plainly as can be said. */
class SortedArray {
  waiting: Waiting[] = [];
  readonly #limits: WaitingLimits;

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  hasRoom(priority: number, bytes: number): boolean {
    const copy = new SortedArray(this.#limits);
    copy.waiting = [...this.waiting];
    const added = { item: item('room'), priority, bytes, since: 0, isBack: false };
    for (;;) {
      if (copy.offer(added)) return true;
      if (!copy.displace(priority)) return false;
    }
  }

  offer(added: Waiting): boolean {
    if (this.waiting.length + 1 > this.#limits.maxItems) return false;
    if (this.bytes + added.bytes > this.#limits.maxBytes) return false;
    this.#add(added);
    return true;
  }

  putBack(back: Waiting): void {
    this.#add({ ...back, isBack: true });
  }

  displace(priority: number): Item | undefined {
    const last = this.waiting.at(-1);
    if (!last || last.priority <= priority) return undefined;
    this.remove(last);
    return last.item;
  }

  remove(removed: Waiting): void {
    this.waiting = this.waiting.filter(({ item }) => item !== removed.item);
  }

  ahead(priority: number): number {
    return this.waiting.filter((one) => one.priority <= priority).length;
  }

  takeAged(now: number): Item[] {
    const aged = this.waiting.filter(({ since }) => now - since >= this.#limits.maxAgeMs);
    for (const one of aged) this.remove(one);
    return aged.map(({ item }) => item);
  }

  /** The sort is stable: of those that are alike, the one that came first stays first. */
  #add(added: Waiting): void {
    this.waiting = [...this.waiting, added].sort(
      (a, b) => a.priority - b.priority || Number(b.isBack) - Number(a.isBack) || a.since - b.since,
    );
  }
}
