/** The ejector: who is left alone, what is asked of others, and that both are as configured. */
import { describe, expect, it } from 'vitest';
import { sentTry } from '../../test/support/sent-try.ts';
import type { Channel } from '../channel/channel.ts';
import type { ModelRecord } from '../table/model-record.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { Ejector } from './ejector.ts';
import { VersionRoute } from './model-route.ts';
import { VersionStatistics } from './version-statistics.ts';
import { WorkerLink } from './worker-link.ts';

const TICK_MS = 50;

function setUp({ ejectAfter = 5, maxEjectedPercent = 50 } = {}) {
  const record = { id_model: 'm', version: '1', state: 'READY', idempotent: true } as ModelRecord;
  const waiting = { maxItems: 10, maxBytes: 10, maxAgeMs: 1_000 };
  const limits = { waiting, retryPercent: 20, hedgePercent: 0 };
  const route = new VersionRoute(record, new VersionStatistics(), limits);
  const channel = { state: 'open', inFlight: 0 } as Channel;
  const link = (id_worker: string) =>
    new WorkerLink(
      { id_worker, slots: 8, weight: 1, status: 'ACTIVE' } as WorkerRow,
      channel,
      { ejectMs: 1_000, random: () => 0.5 },
      0,
    );
  const [bad, good] = [link('bad'), link('good')];
  for (const one of [bad, good]) route.links.add(one);
  route.refreshUsable();
  let now = 0;
  const changed: string[] = [];
  const stuck: string[] = [];
  const ejector = new Ejector({
    ...{ ejectAfter, maxEjectedPercent, now: () => now, log: { warn: () => {}, info: () => {} } },
    onChange: ({ id_worker }) => {
      changed.push(id_worker);
      route.refreshUsable();
    },
    onStuck: ({ id_worker }) => stuck.push(id_worker),
  });
  const send = (to: WorkerLink) => {
    const one = sentTry({ sentAt: now, isProbe: to.breaker.state === 'half-open' });
    to.onSent(one);
    return one;
  };
  return {
    ...{ route, bad, good, ejector, changed, stuck },
    /** The bad worker holds a request, the good one answers one every tick. */
    stall(ms: number) {
      send(bad);
      for (const end = now + ms; now < end; ) {
        const one = send(good);
        now += TICK_MS;
        good.attempts.remove(one);
        good.onAnswered(one, 0, now);
        ejector.tick([route]);
      }
    },
    answer(from: WorkerLink, ms: number) {
      const one = send(from);
      now += ms;
      from.attempts.remove(one);
      from.onAnswered(one, 0, now);
      ejector.tick([route]);
    },
    fail(times: number) {
      for (let i = 0; i < times; i++) ejector.blame(bad, route);
    },
    wait(ms: number) {
      for (const end = now + ms; now < end; ) {
        now += TICK_MS;
        ejector.tick([route]);
      }
    },
  };
}

describe('Ejector', () => {
  it('leaves a worker alone that failed so many times in a row, and tries it again later', () => {
    const { fail, wait, bad, changed } = setUp();
    fail(4);
    expect(bad.breaker.state).toBe('closed');
    fail(1);
    expect([bad.breaker.state, bad.usable]).toEqual(['open', false]);
    wait(1_000);
    expect([bad.breaker.state, bad.usable]).toEqual(['half-open', true]);
    expect(changed).toEqual(['bad', 'bad']);
  });

  it('does not hold against a worker that is let back how slow it was before', () => {
    const { answer, wait, bad, good } = setUp();
    for (let i = 0; i < 10; i++) answer(good, 5);
    for (let i = 0; i < 10; i++) answer(bad, 100);
    wait(50);
    expect(bad.breaker.reason).toMatch(/^answers take 100 ms/);
    wait(1_000);
    expect(bad.breaker.state).toBe('half-open');
    answer(bad, 5);
    wait(500);
    expect(bad.breaker.state).toBe('closed');
  });

  it('asks others for what a worker holds too long, and leaves it alone only if one of them is faster', () => {
    const { stall, bad, stuck, ejector, route } = setUp();
    stall(650);
    expect(stuck).toEqual([]);
    stall(100);
    expect(stuck).toContain('bad');
    expect(bad.breaker.state).toBe('closed');
    bad.onOutrun();
    ejector.judge(route);
    expect(bad.breaker.reason).toMatch(/^holds 2 requests and has answered none for \d+ ms$/);
  });

  it('asks others sooner for the probe of a worker on trial', () => {
    const { fail, wait, stall, stuck } = setUp();
    fail(5);
    wait(1_000);
    stuck.length = 0;
    stall(100);
    expect(stuck).toEqual([]);
    stall(100);
    expect(stuck).toContain('bad');
  });

  it.each([{ ejectAfter: 0 }, { maxEjectedPercent: 0 }])('leaves nobody alone with %o', (options) => {
    const { fail, stall, bad, stuck, ejector, route } = setUp(options);
    fail(10);
    stall(800);
    bad.onOutrun();
    ejector.judge(route);
    expect(bad.breaker.state).toBe('closed');
    // What it holds is asked of others all the same.
    expect(stuck).toContain('bad');
  });
});
