/** What a link makes of a worker's load, of this gateway and of others. */
import { describe, expect, it } from 'vitest';
import { hasFreeSlot } from '../balance/free-slots.ts';
import type { Channel } from '../channel/channel.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { WorkerLink } from './worker-link.ts';

function setUp({ wantsAlone }: { readonly wantsAlone: boolean }) {
  const channel = { state: 'open', inFlight: 0, wantsAlone };
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
    const { channel, link } = setUp({ wantsAlone: false });
    link.hear(40, 3);
    expect(hasFreeSlot(link)).toBe(true);
    channel.inFlight = 2;
    expect(hasFreeSlot(link)).toBe(false);
  });

  it('takes a request for one that waited only right after an answer', () => {
    const { link } = setUp({ wantsAlone: false });
    expect(link.hasJustAnswered(5)).toBe(false);
    link.onAnswered(
      {
        ...{ sentAt: 1, met: 0, full: true, follows: false, isProbe: false, onStuck() {} },
        atWorker: { list: undefined, previous: undefined, next: undefined },
      },
      0,
      5,
    );
    expect(link.hasJustAnswered(5.5)).toBe(true);
    expect(link.hasJustAnswered(6.5)).toBe(false);
  });
});
