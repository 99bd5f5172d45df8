/** Trials: a worker that was left alone is tried with copies, which nobody waits for and which count nowhere twice. */
import { describe, expect, it } from 'vitest';
import { type FakeChannel, setUpDispatcher } from '../../test/support/dispatcher-fixture.ts';
import type { WorkerLink } from './worker-link.ts';

/** The first of two workers is on trial, the second is well. */
function setUpTrial(options: Parameters<typeof setUpDispatcher>[0] = {}) {
  const all = setUpDispatcher({ slots: 4, ...options });
  const [link, channel, well] = [
    all.links[0] as WorkerLink,
    all.channels[0] as FakeChannel,
    all.channels[1] as FakeChannel,
  ];
  link.breaker.open('failed', 0);
  link.breaker.tick(2_000);
  all.route.refreshUsable();
  return { ...all, link, channel, well };
}

describe('a worker on trial', () => {
  it('gets a copy of one request at a time, and the client its answer from a worker that is well', () => {
    const { start, channel, well, outcomes, dispatcher, statistics } = setUpTrial();
    for (const name of ['a', 'b']) start(name);
    expect([channel.inFlight, well.inFlight]).toEqual([1, 2]);
    well.answer();
    well.answer();
    expect(outcomes).toEqual(['a answered', 'b answered']);
    expect([dispatcher.inFlight, statistics.inFlight, channel.inFlight]).toEqual([0, 0, 1]);
  });

  it("is let back when it answers, and takes what waits; the copy is nobody's answer", () => {
    const { start, channel, well, outcomes, link, route, dispatcher } = setUpTrial({ slots: 1 });
    for (const name of ['a', 'b']) start(name);
    expect([channel.inFlight, well.inFlight, route.waiting.size]).toEqual([1, 1, 1]);
    channel.answer();
    expect([outcomes, link.breaker.state]).toEqual([[], 'closed']);
    expect([channel.inFlight, well.inFlight, route.waiting.size]).toEqual([1, 1, 0]);
    channel.answer();
    well.answer();
    expect(outcomes).toEqual(['b answered', 'a answered']);
    expect([dispatcher.inFlight, link.attempts.size]).toEqual([0, 0]);
  });

  it.each([
    ['before', ['channel', 'well']],
    ['after', ['well', 'channel']],
  ])('is blamed for an error %s another answered the same', (_, order) => {
    const { start, channel, well, blamed } = setUpTrial();
    start('a');
    for (const one of order) {
      expect(blamed).toEqual([]);
      if (one === 'channel') channel.fault();
      else well.answer();
    }
    expect(blamed).toEqual(['w0']);
  });

  it('is not blamed for what fails at another worker too, and is tried again', () => {
    const { start, channel, well, blamed, outcomes, link } = setUpTrial();
    start('a');
    channel.fault();
    well.fault();
    expect([blamed, outcomes]).toEqual([[], ['a INTERNAL']]);
    expect([link.breaker.state, link.breaker.mayProbe]).toEqual(['half-open', true]);
  });

  it('is not blamed for a request that is wrong', () => {
    const { start, channel, well, blamed, link } = setUpTrial();
    start('a');
    channel.fault('INVALID_REQUEST');
    well.answer();
    expect([blamed, link.breaker.mayProbe]).toEqual([[], true]);
  });

  it('is blamed for its silence once another has answered in a small part of the time, and not before', () => {
    const { start, channel, well, link, tick, dispatcher, blamed } = setUpTrial();
    start('a');
    tick(200);
    dispatcher.rescue(link);
    expect(blamed).toEqual([]);
    start('b');
    well.answer();
    dispatcher.rescue(link);
    // The other took 200 ms.
    expect(blamed).toEqual([]);
    tick(1_800);
    dispatcher.rescue(link);
    expect(blamed).toEqual(['w0']);
    expect([channel.inFlight, channel.cancelled.length, link.attempts.size]).toEqual([0, 1, 0]);
  });

  it.each(['cancelled', 'late'])('is asked for nothing more when the request is %s', (how) => {
    const { start, channel, link, dispatcher, tick, blamed } = setUpTrial();
    const exchange = start('a', { timeoutMs: 100 });
    if (how === 'late') tick(101);
    else dispatcher.cancel(exchange);
    expect([channel.inFlight, channel.cancelled.length, link.attempts.size]).toEqual([0, 1, 0]);
    expect([link.breaker.mayProbe, blamed]).toEqual([true, []]);
  });

  it('is tried again when its connection is lost, and the request hears nothing of it', () => {
    const { start, die, well, outcomes, link } = setUpTrial();
    const exchange = start('a');
    die(0);
    expect([link.breaker.mayProbe, exchange.losses]).toEqual([true, 0]);
    well.answer();
    expect(outcomes).toEqual(['a answered']);
  });

  it('gets a request of its own where requests must not be run twice, or nobody else is well', () => {
    const once = setUpTrial({ idempotent: false });
    for (const name of ['a', 'b']) once.start(name);
    expect([once.channel.inFlight, once.well.inFlight]).toEqual([1, 1]);
    const alone = setUpTrial({ workers: 1 });
    alone.start('a');
    alone.channel.answer();
    expect(alone.outcomes).toEqual(['a answered']);
  });
});
