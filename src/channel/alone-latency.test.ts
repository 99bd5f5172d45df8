/** What of a server's latency is waiting: beyond what a request takes that has the server to itself. */
import { describe, expect, it } from 'vitest';
import { AloneLatency } from './alone-latency.ts';

/** What is taken for work of a latency that is far longer, milliseconds. */
const workMs = (latency: AloneLatency) => latency.split(10_000).inferUs / 1_000;

it('takes all for work until it knows what a lone request takes', () => {
  const latency = new AloneLatency();
  latency.note(30, false, 0);
  expect(latency.split(30)).toMatchObject({ queueUs: 0, inferUs: 30_000, rows: 1, batchRows: 1 });
});

it('takes for waiting what goes beyond a lone request', () => {
  const latency = new AloneLatency();
  latency.note(10, true, 0);
  latency.note(90, false, 0);
  expect(latency.split(40)).toMatchObject({ queueUs: 30_000, inferUs: 10_000 });
  expect(latency.split(4)).toMatchObject({ queueUs: 0, inferUs: 4_000 });
});

it('follows a server whose lone requests come to take longer', () => {
  const latency = new AloneLatency();
  latency.note(10, true, 0);
  for (let i = 0; i < 60; i++) latency.note(20, true, 0);
  expect(workMs(latency)).toBeGreaterThan(19.9);
});

describe('asks for lone requests', () => {
  /** Sends lone requests for as long as they are asked for; gives when it had enough. */
  function measure(latency: AloneLatency, from: number, latencies: readonly number[]): number {
    let now = from;
    for (const one of latencies) {
      if (!latency.wantsAlone(now)) throw new Error(`no request was wanted at ${now}`);
      now += one;
      latency.note(one, true, now);
    }
    expect(latency.wantsAlone(now)).toBe(false);
    return now;
  }

  it('at first, and goes by their median: the first with a cold server is not the rule', () => {
    const latency = new AloneLatency();
    measure(latency, 0, [60, 9, 2, 2, 2]);
    expect(workMs(latency)).toBe(2);
  });

  it('again when what it knows is old, though none is ever alone by chance', () => {
    const latency = new AloneLatency();
    const measured = measure(latency, 0, [2, 2, 2, 2, 2]);
    for (let now = measured; now < measured + 1_999; now++) {
      latency.note(64, false, now);
      expect(latency.wantsAlone(now)).toBe(false);
    }
    measure(latency, measured + 2_000, [5, 5, 5, 5, 5]);
    expect(workMs(latency)).toBe(5);
  });

  it('for a hundredth of the time at most', () => {
    const latency = new AloneLatency();
    const measured = measure(latency, 0, [40, 40, 40, 40, 40]);
    expect(latency.wantsAlone(measured + 19_900)).toBe(false);
    expect(latency.wantsAlone(measured + 20_000)).toBe(true);
  });

  it('of a server that takes long no more than one', () => {
    const latency = new AloneLatency();
    measure(latency, 0, [1_000]);
    expect(workMs(latency)).toBe(1_000);
  });
});
