/** The queue keeps order, bounds and time. */
import { describe, expect, it } from 'vitest';
import { ExpiringQueue } from './expiring-queue.ts';

describe('ExpiringQueue', () => {
  it('gives the oldest first and takes out any', () => {
    const queue = new ExpiringQueue<string>(10, 100);
    for (const item of ['a', 'b', 'c']) expect(queue.offer(item, 0)).toBe(true);
    expect(queue.peek()).toBe('a');
    expect(queue.remove('a')).toBe(true);
    expect(queue.remove('a')).toBe(false);
    expect(queue.peek()).toBe('b');
    expect(queue.size).toBe(2);
    expect(queue.takeAll()).toEqual(['b', 'c']);
    expect(queue.peek()).toBeUndefined();
  });

  it('refuses what is beyond its bound, until there is room', () => {
    const queue = new ExpiringQueue<string>(2, 100);
    expect(queue.offer('a', 0) && queue.offer('b', 0)).toBe(true);
    expect(queue.offer('c', 0)).toBe(false);
    queue.remove('b');
    expect(queue.offer('c', 0)).toBe(true);
  });

  it('takes out what has waited as long as it may, and nothing younger', () => {
    const queue = new ExpiringQueue<string>(10, 100);
    queue.offer('a', 0);
    queue.offer('b', 50);
    expect(queue.takeExpired(99)).toEqual([]);
    expect(queue.takeExpired(100)).toEqual(['a']);
    expect(queue.takeExpired(1_000)).toEqual(['b']);
    expect(queue.size).toBe(0);
  });
});
