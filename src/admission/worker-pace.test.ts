import { describe, expect, it } from 'vitest';
import { WorkerPace } from './worker-pace.ts';

const times = (count: number, ms: number) => Array.from({ length: count }, () => ms);

function paceOf(
  alone: readonly number[],
  intervals: Readonly<Record<number, readonly number[]>>,
): WorkerPace {
  const pace = new WorkerPace();
  for (const ms of alone) pace.noteAlone(ms);
  for (const [limit, values] of Object.entries(intervals)) {
    for (const ms of values) pace.noteInterval(Number(limit), ms);
  }
  return pace;
}

describe('WorkerPace', () => {
  it('takes two for what is needed until one is known to be enough', () => {
    expect(new WorkerPace().need).toBe(2);
    expect(paceOf(times(15, 10), { 2: times(100, 10) }).need).toBe(2);
    expect(paceOf(times(100, 10), { 2: times(15, 10) }).need).toBe(2);
    expect(paceOf(times(16, 10), { 2: times(16, 10) }).need).toBe(1);
  });

  it.each([
    [10.9, 1],
    [11.1, 2],
    [21.9, 2],
    [30, 3],
    [44.5, 5],
    [500, 8],
  ])('needs, where one takes %d ms and the next follows after 10, %d', (aloneMs, need) => {
    expect(paceOf(times(50, aloneMs), { 4: times(50, 10) }).need).toBe(need);
  });

  it('goes by the fastest that was seen', () => {
    expect(paceOf(times(50, 45), { 2: times(50, 22), 4: times(50, 15) }).need).toBe(3);
    expect(paceOf(times(50, 45), { 2: times(50, 22), 4: times(50, 15), 8: times(50, 10) }).need).toBe(5);
  });

  it('goes by what was seen where that is slower than the times tell', () => {
    expect(paceOf(times(50, 20), { 2: times(50, 14), 3: times(50, 12), 4: times(50, 10) }).need).toBe(4);
  });

  it('takes no chance difference for one', () => {
    const wild = [...times(38, 1), 162];
    expect(paceOf(wild, { 2: times(39, 4) }).need).toBe(1);
  });

  it('does not take one request at a time for a pace', () => {
    expect(paceOf(times(50, 40), { 1: times(50, 40) }).need).toBe(2);
  });

  it('sees what has changed', () => {
    const pace = paceOf(times(200, 20), { 2: times(200, 10) });
    expect(pace.need).toBe(2);
    for (let n = 0; n < 1_000; n++) pace.noteAlone(10);
    expect(pace.need).toBe(1);
    pace.reset();
    expect(pace.need).toBe(2);
  });

  it('keeps nothing of great limits', () => {
    expect(paceOf(times(100, 20), { 100: times(100, 1) }).need).toBe(2);
  });
});
