/** Turns: begins and ends strictly alternate, a beginning that fails is tried again, and nothing happens after the end. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../telemetry/logger.ts';
import { Turns } from './turns.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(failures = 0) {
  const told: string[] = [];
  let left = failures;
  const turns = new Turns({
    begin: async (term) => {
      if (left-- > 0) throw new Error('the repository cannot be read');
      told.push(`begin ${term}`);
    },
    end: async () => {
      told.push('end');
    },
    log: createLogger().child({}, { level: 'silent' }),
  });
  return { turns, told };
}

describe('Turns', () => {
  it('begins and ends in turn, however fast the lease comes and goes', async () => {
    const { turns, told } = setUp();
    for (const term of [1, undefined, 2, 2, 3, undefined, 4]) turns.take(term);
    await turns.settled();
    expect(told.at(-1)).toBe('begin 4');
    for (const [i, one] of told.entries()) expect(one.startsWith('begin')).toBe(i % 2 === 0);
    await turns.close();
    expect(told.at(-1)).toBe('end');
  });

  it('tries again to begin', async () => {
    const { turns, told } = setUp(2);
    turns.take(7);
    await turns.settled();
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual(['begin 7']);
    await turns.close();
  });

  it('does again what must not be lost, until it succeeds, and only while it acts', async () => {
    const { turns } = setUp();
    let done = 0;
    const work = vi.fn(async () => {
      if (work.mock.calls.length < 3) throw Object.assign(new Error('not now'), { code: 'NOT_ACTING' });
      done++;
    });
    turns.redo(work);
    await turns.settled();
    expect(work).not.toHaveBeenCalled();
    turns.take(1);
    turns.redo(work);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(done).toBe(1);
    expect(work).toHaveBeenCalledTimes(3);
    await turns.close();
  });

  it('does nothing any more once closed', async () => {
    const { turns, told } = setUp(1);
    turns.take(1);
    await turns.close();
    turns.take(2);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([]);
  });
});
