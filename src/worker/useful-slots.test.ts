/** Slots by measured times. */
import { describe, expect, it } from 'vitest';
import { usefulSlots } from './useful-slots.ts';

describe('usefulSlots', () => {
  it.each([
    ['a batch that runs, and one that collects', { maxBatchRows: 64, rowMs: 0.02, gain: 8 }, 128],
    ['the same where the gain is small', { maxBatchRows: 64, rowMs: 10, gain: 1.3 }, 128],
    ['the same where it is not known', { maxBatchRows: 64, rowMs: 0, gain: undefined }, 128],
    ['two where rows are long and gain nothing together', { maxBatchRows: 64, rowMs: 10, gain: 1.29 }, 2],
    ['few where they are shorter', { maxBatchRows: 64, rowMs: 0.5, gain: 1 }, 8],
    ['one at a time: work for 4 ms', { maxBatchRows: 1, rowMs: 0.4, gain: undefined }, 10],
    ['one at a time: no more than 32', { maxBatchRows: 1, rowMs: 0.001, gain: undefined }, 32],
    ['one at a time: two at least', { maxBatchRows: 1, rowMs: 1_000, gain: 1 }, 2],
  ])('%s', (_, model, slots) => {
    expect(usefulSlots(model)).toBe(slots);
  });
});
