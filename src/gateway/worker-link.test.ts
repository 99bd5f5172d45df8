/** What a link makes of a worker's load, of this gateway and of others. */
import { describe, expect, it } from 'vitest';
import { sentTry } from '../../test/support/sent-try.ts';
import { hasFreeSlot } from '../balance/free-slots.ts';
import type { Channel } from '../channel/channel.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { Attempt, type AttemptHandler, type Exchange } from './exchange.ts';
import { WorkerLink } from './worker-link.ts';

function setUp({ wantsAlone = false, tellsQueue = false }) {
  const channel = { state: 'open', inFlight: 0, wantsAlone, tellsQueue };
  const row = { id_worker: 'w', slots: 8, weight: 1, status: 'ACTIVE' } as WorkerRow;
  const link = new WorkerLink(row, channel as Channel, { ejectMs: 1_000, random: () => 0.5 }, 0);
  return { channel, link };
}

describe('WorkerLink', () => {
  it.each([0, 1, 7, 40])(
    'sends one request at a time to a worker that is to be measured, whatever %d others do',
    (others) => {
      const { channel, link } = setUp({ wantsAlone: true });
      link.hear(others, 3);
      expect(hasFreeSlot(link)).toBe(true);
      channel.inFlight = 1;
      expect(hasFreeSlot(link)).toBe(false);
    },
  );

  it('leaves a gateway its share of a worker that others keep full', () => {
    const { channel, link } = setUp({});
    link.hear(40, 3);
    expect(hasFreeSlot(link)).toBe(true);
    channel.inFlight = 2;
    expect(hasFreeSlot(link)).toBe(false);
  });

  it('takes a request for one that waited only right after an answer', () => {
    const { link } = setUp({});
    expect(link.hasJustAnswered(5)).toBe(false);
    link.onAnswered(sentTry({ sentAt: 1 }), 0, 5);
    expect(link.hasJustAnswered(5.5)).toBe(true);
    expect(link.hasJustAnswered(6.5)).toBe(false);
  });

  it.each([
    [3, 10.5, true],
    [2, 10.5, false],
    [3, 12, false],
  ])(
    'with %d under way, a request sent at %d ms after an answer at 10: had it waited? %s',
    (inFlight, sentAt, waited) => {
      const { channel, link } = setUp({});
      link.onAnswered(sentTry({ sentAt: 1 }), 0, 10);
      channel.inFlight = inFlight;
      const attempt = new Attempt({} as AttemptHandler<unknown>, {} as Exchange<unknown>, link, sentAt);
      expect(attempt.follows).toBe(waited);
    },
  );

  /** One answer every 10 ms, each of a request that took the last slot as soon as it was free. */
  function answer(link: WorkerLink, count: number, tookMs: number, queueMs: number): void {
    for (let n = 1; n <= count; n++) {
      const sentAt = 10 * n - tookMs - queueMs;
      link.onAnswered(sentTry({ sentAt, met: 1, full: true, follows: n > 1 }), queueMs, 10 * n);
    }
  }

  it('leaves a worker that says how long requests waited one at a time if it answers as fast as it works', () => {
    const { link } = setUp({ tellsQueue: true });
    answer(link, 400, 10, 15);
    expect(link.slots).toBe(1);
  });

  it('leaves it two where one takes longer than the next is behind', () => {
    const { link } = setUp({ tellsQueue: true });
    answer(link, 400, 17, 15);
    expect(link.slots).toBe(2);
  });

  it('does not know of a worker that does not say so what a request takes that was not alone', () => {
    const { link } = setUp({ tellsQueue: false });
    answer(link, 400, 10, 60);
    expect(link.slots).toBe(2);
  });

  it('asks for more evidence where it infers that requests waited', () => {
    const told = setUp({ tellsQueue: true }).link;
    const inferred = setUp({ tellsQueue: false }).link;
    for (const link of [told, inferred]) answer(link, 20, 10, 20);
    expect(told.slots).toBeLessThan(4);
    expect(inferred.slots).toBe(4);
  });
});
