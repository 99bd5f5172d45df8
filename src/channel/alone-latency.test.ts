/** What of a server's latency is waiting: beyond what a request takes that has the server to itself. */
import { expect, it } from 'vitest';
import { AloneLatency } from './alone-latency.ts';

it('takes all for work until it knows what a lone request takes', () => {
  const latency = new AloneLatency();
  latency.note(30, false);
  expect(latency.split(30)).toMatchObject({ queueUs: 0, inferUs: 30_000, rows: 1, batchRows: 1 });
});

it('takes for waiting what goes beyond a lone request', () => {
  const latency = new AloneLatency();
  latency.note(10, true);
  latency.note(90, false);
  expect(latency.split(40)).toMatchObject({ queueUs: 30_000, inferUs: 10_000 });
  expect(latency.split(4)).toMatchObject({ queueUs: 0, inferUs: 4_000 });
});

it('follows a server whose lone requests come to take longer', () => {
  const latency = new AloneLatency();
  latency.note(10, true);
  for (let i = 0; i < 60; i++) latency.note(20, true);
  expect(latency.split(30).inferUs).toBeGreaterThan(19_900);
});
