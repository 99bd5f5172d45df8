import { describe, expect, it } from 'vitest';
import { WorkerPace } from './worker-pace.ts';

function paceOf(intervals: Readonly<Record<number, readonly number[]>>): WorkerPace {
  const pace = new WorkerPace();
  for (const [limit, values] of Object.entries(intervals)) {
    for (const ms of values) pace.note(Number(limit), ms);
  }
  return pace;
}
const times = (count: number, ms: number) => Array.from({ length: count }, () => ms);

describe('WorkerPace', () => {
  it('forbids no limit of which too little is known', () => {
    expect(new WorkerPace().leastUseful).toBe(1);
    expect(paceOf({ 1: times(31, 20), 2: times(100, 10) }).leastUseful).toBe(1);
    expect(paceOf({ 1: times(100, 20), 2: times(31, 10) }).leastUseful).toBe(1);
    expect(paceOf({ 2: times(100, 10) }).leastUseful).toBe(1);
  });

  it('finds the least limit that is about as fast as the greater ones', () => {
    expect(paceOf({ 1: times(100, 10.9), 2: times(100, 10) }).leastUseful).toBe(1);
    expect(paceOf({ 1: times(100, 11.1), 2: times(100, 10) }).leastUseful).toBe(2);
    expect(paceOf({ 1: times(100, 30), 2: times(100, 15), 4: times(100, 10) }).leastUseful).toBe(4);
    expect(paceOf({ 1: times(100, 10), 2: times(100, 10), 4: times(100, 20) }).leastUseful).toBe(1);
  });

  it('takes no chance difference for one', () => {
    const wild = [...times(38, 1), 162];
    expect(paceOf({ 1: wild, 2: times(39, 4) }).leastUseful).toBe(1);
  });

  it('sees what has changed, and can be made to forget', () => {
    const pace = paceOf({ 1: times(600, 20), 2: times(600, 10) });
    for (let n = 0; n < 3_000; n++) pace.note(2, 20);
    expect(pace.leastUseful).toBe(1);
    for (let n = 0; n < 3_000; n++) pace.note(2, 10);
    expect(pace.leastUseful).toBe(2);
    pace.forgetBelow(2);
    expect(pace.leastUseful).toBe(1);
  });

  it('keeps nothing of great limits', () => {
    const pace = paceOf({ 1: times(100, 20), 100: times(100, 1) });
    expect(pace.leastUseful).toBe(1);
  });
});
