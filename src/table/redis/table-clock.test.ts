/** The table's clock: carried on between answers, kept to what an answer allows, and told when it was set. */
import { expect, it } from 'vitest';
import { TableClock } from './table-clock.ts';

function setUp() {
  let monotonic = 100;
  const clock = new TableClock(() => monotonic);
  return {
    clock,
    pass: (ms: number) => {
      monotonic += ms;
    },
    /** An answer that was `tripMs` under way, in which the server looked at its clock at once. */
    hear: (serverMs: number, tripMs = 0) => clock.observe(serverMs, monotonic - tripMs),
  };
}

it('goes on between answers, and knows when it was last heard', () => {
  const { clock, pass, hear } = setUp();
  expect(hear(50_000)).toBe(false);
  pass(700);
  expect(clock.now()).toBe(50_700);
  expect(clock.heardAt).toBe(50_000);
});

it('is not thrown off by an answer that was long under way', () => {
  const { clock, pass, hear } = setUp();
  hear(50_000);
  pass(3_000);
  expect(hear(50_001, 2_999)).toBe(false);
  expect(clock.now()).toBe(53_000);
});

it('is set to what the nearest answer allows', () => {
  const { clock, pass, hear } = setUp();
  hear(50_000);
  pass(1_000);
  expect(hear(51_200, 100)).toBe(false);
  expect(clock.now()).toBe(51_200);
});

it('tells that it was set ahead or back', () => {
  const { clock, pass, hear } = setUp();
  hear(50_000);
  pass(10);
  expect(hear(3_650_010, 5)).toBe(true);
  expect(clock.now()).toBe(3_650_010);
  pass(10);
  expect(hear(50_020, 5)).toBe(true);
  expect(clock.now()).toBe(50_020);
});
