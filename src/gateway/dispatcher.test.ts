/** The dispatcher: late binding, sending again what a lost worker had, and nothing answered twice or forgotten. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FakeChannel, setUpDispatcher } from '../../test/support/dispatcher-fixture.ts';
import type { WorkerLink } from './worker-link.ts';

/** So many of them that it is known. */
function answersTake100Ms({ start, tick, channels, outcomes }: ReturnType<typeof setUpDispatcher>): void {
  for (let i = 0; i < 20; i++) {
    start('usual');
    tick(100);
    channels[0]?.answer();
  }
  outcomes.length = 0;
}

describe('Dispatcher', () => {
  it('spreads requests over the workers and keeps what is beyond their slots for whichever frees first', () => {
    const { start, channels, route, outcomes } = setUpDispatcher();
    for (const name of ['a', 'b', 'c', 'd', 'e']) start(name);
    expect(channels.map((channel) => channel.inFlight)).toEqual([2, 2]);
    expect(route.waiting.size).toBe(1);
    channels[1]?.answer();
    expect(channels.map((channel) => channel.inFlight)).toEqual([2, 2]);
    expect(route.waiting.size).toBe(0);
    expect(outcomes).toHaveLength(1);
  });

  it('sends what a lost worker had to another, and the client sees nothing of it', () => {
    const { start, channels, die, outcomes, dispatcher, statistics } = setUpDispatcher({ slots: 10 });
    for (const name of ['a', 'b', 'c', 'd']) start(name);
    die(0);
    expect(channels.map((channel) => channel.inFlight)).toEqual([0, 4]);
    expect(statistics.retries).toBe(2);
    while (channels[1]?.inFlight) channels[1].answer();
    expect(outcomes.sort()).toEqual(['a answered', 'b answered', 'c answered', 'd answered']);
    expect(dispatcher.inFlight).toBe(0);
  });

  it('waits when all workers are lost, and goes on when one is there again', () => {
    const { start, channels, die, outcomes, route, dispatcher } = setUpDispatcher({ workers: 1 });
    start('a');
    die(0);
    expect(outcomes).toEqual([]);
    (channels[0] as FakeChannel).state = 'open';
    route.refreshUsable();
    dispatcher.pump(route);
    channels[0]?.answer();
    expect(outcomes).toEqual(['a answered']);
  });

  it('gives up on a request over which three workers were lost: it may be what kills them', () => {
    const { start, die, channels, outcomes, dispatcher } = setUpDispatcher({ workers: 4 });
    start('poison');
    for (let i = 0; i < 4 && outcomes.length === 0; i++) die(channels.findIndex((one) => one.inFlight > 0));
    expect(outcomes).toEqual(['poison WORKERS_LOST']);
    expect(dispatcher.inFlight).toBe(0);
  });

  it('does not blame a request for workers that had fallen silent before they got it', () => {
    const { start, channels, outcomes, route } = setUpDispatcher({ workers: 5 });
    start('a');
    for (let i = 0; i < 4; i++) {
      const channel = channels.find((one) => one.inFlight > 0) as FakeChannel;
      channel.state = 'unresponsive';
      route.refreshUsable();
      channel.end((sink) => sink.onFailure('unresponsive'));
    }
    channels.find((one) => one.inFlight > 0)?.answer();
    expect(outcomes).toEqual(['a answered']);
  });

  it('asks elsewhere when a worker is busy, and asks it again later', () => {
    const { start, channels, outcomes, links, route, dispatcher } = setUpDispatcher({ workers: 2, slots: 1 });
    start('a');
    const [first, second] = channels[0]?.inFlight ? channels : [...channels].reverse();
    first?.end((sink) => sink.onFailure('busy'));
    expect(second?.inFlight).toBe(1);
    second?.end((sink) => sink.onFailure('busy'));
    expect(route.waiting.size).toBe(1);
    for (const link of links) link.busy = false;
    route.refreshUsable();
    dispatcher.pump(route);
    [...channels].find((channel) => channel.inFlight)?.answer();
    expect(outcomes).toEqual(['a answered']);
  });

  it('refuses what is beyond its bounds', () => {
    const full = setUpDispatcher({ workers: 1, slots: 1, maxItems: 1 });
    for (const name of ['a', 'b', 'c']) full.start(name);
    expect(full.outcomes).toEqual(['c UNAVAILABLE']);
    const many = setUpDispatcher({ maxInFlight: 1 });
    for (const name of ['a', 'b']) many.start(name);
    expect(many.outcomes).toEqual(['b UNAVAILABLE']);
  });

  it('ends what waits too long and what takes too long, and tells the worker', () => {
    const { start, tick, outcomes, channels, dispatcher, statistics } = setUpDispatcher({
      workers: 1,
      slots: 1,
    });
    start('runs');
    start('waits');
    tick(1_000);
    expect(outcomes).toEqual(['waits UNAVAILABLE']);
    expect(statistics.refusals.get('waited_too_long')).toBe(1);
    tick(9_000);
    expect(outcomes).toEqual(['waits UNAVAILABLE', 'runs TIMED_OUT']);
    expect(channels[0]?.cancelled).toEqual([1]);
    expect([dispatcher.inFlight, statistics.inFlight]).toEqual([0, 0]);
  });

  it('refuses at once when the model is not served', () => {
    const { route, start, outcomes, die } = setUpDispatcher({ workers: 1 });
    route.record = { ...route.record, state: 'UNAVAILABLE', reason: 'unloaded' };
    start('a');
    die(0);
    expect(outcomes).toEqual(['a UNAVAILABLE']);
  });

  it('frees the slot of a client that left, for the next', () => {
    const { start, dispatcher, channels, outcomes, statistics } = setUpDispatcher({ workers: 1, slots: 1 });
    const left = start('left');
    start('next');
    dispatcher.cancel(left);
    dispatcher.cancel(left);
    expect(channels[0]?.cancelled).toEqual([1]);
    channels[0]?.answer();
    expect(outcomes).toEqual(['next answered']);
    expect(statistics.inFlight).toBe(0);
  });

  it('sends the remaining time with each try', () => {
    const { start, channels, die, tick } = setUpDispatcher({ workers: 2 });
    start('a', { timeoutMs: 500 });
    const first = channels.findIndex((one) => one.inFlight > 0);
    tick(100);
    die(first);
    expect(channels.map(({ timeouts }) => timeouts).sort()).toEqual([[400], [500]]);
  });

  it('lets the more important wait less, and gives them the place of the less important', () => {
    const { start, channels, outcomes, statistics } = setUpDispatcher({ workers: 1, slots: 1, maxItems: 2 });
    start('runs');
    start('least', { priority: 7 });
    start('usual');
    start('urgent', { priority: 0 });
    expect(outcomes).toEqual(['least UNAVAILABLE']);
    expect(statistics.refusals.get('displaced')).toBe(1);
    start('least again', { priority: 7 });
    for (let i = 0; i < 3; i++) channels[0]?.answer();
    expect(outcomes.slice(1)).toEqual([
      'least again UNAVAILABLE',
      'runs answered',
      'urgent answered',
      'usual answered',
    ]);
  });

  it('bounds the bytes that wait', () => {
    const { start, outcomes, statistics } = setUpDispatcher({ workers: 1, slots: 1, maxBytes: 10 });
    start('runs', { bytes: 100 });
    start('fits', { bytes: 8 });
    start('too much', { bytes: 3 });
    expect(outcomes).toEqual(['too much UNAVAILABLE']);
    expect(statistics.refusals.get('queue_full')).toBe(1);
  });

  it('refuses at once what would not be answered in time, once it is known how fast requests are taken up', () => {
    const { start, channels, tick, outcomes, statistics } = setUpDispatcher({ workers: 1, slots: 1 });
    for (let i = 0; i < 60; i++) start(`early ${i}`);
    // 100 a second.
    for (let i = 0; i < 30; i++) {
      tick(10);
      channels[0]?.answer();
    }
    outcomes.length = 0;
    start('patient', { timeoutMs: 5_000 });
    start('hasty', { timeoutMs: 100 });
    expect(outcomes).toEqual(['hasty UNAVAILABLE']);
    expect(statistics.refusals.get('too_late')).toBe(1);
  });

  it('does not run what has less time than an answer takes, and finds out when that was wrong', () => {
    const world = setUpDispatcher({ workers: 1, slots: 1 });
    const { start, channels, outcomes } = world;
    answersTake100Ms(world);
    start('hopeless', { timeoutMs: 50 });
    expect(outcomes).toEqual(['hopeless TIMED_OUT']);
    expect(channels[0]?.inFlight).toBe(0);
    for (let i = 0; i < 20 && channels[0]?.inFlight === 0; i++) start('again', { timeoutMs: 50 });
    expect(channels[0]?.inFlight).toBe(1);
  });

  it('drops what has waited until too little of its time was left', () => {
    const world = setUpDispatcher({ workers: 1, slots: 1 });
    const { start, channels, tick, outcomes } = world;
    answersTake100Ms(world);
    start('runs');
    start('waits', { timeoutMs: 120 });
    tick(90);
    channels[0]?.answer();
    expect(outcomes).toEqual(['waits TIMED_OUT', 'runs answered']);
    expect(channels[0]?.inFlight).toBe(0);
  });

  it('asks another worker when one fails a request, and blames the first if that answers', () => {
    const { start, holder, other, outcomes, blamed, statistics } = setUpDispatcher();
    start('a');
    const first = holder();
    first.fault();
    expect(outcomes).toEqual([]);
    expect(blamed).toEqual([]);
    other(first).answer();
    expect(outcomes).toEqual(['a answered']);
    expect(blamed).toHaveLength(1);
    expect(statistics.retries).toBe(1);
  });

  it('takes the request for the cause where two workers fail it, and blames neither', () => {
    const { start, holder, outcomes, blamed } = setUpDispatcher({ workers: 3 });
    start('poison');
    holder().fault('INFERENCE_FAILED');
    holder().fault('INFERENCE_FAILED');
    expect(outcomes).toEqual(['poison INFERENCE_FAILED']);
    expect(blamed).toEqual([]);
  });

  it('asks nobody else about a request that is wrong', () => {
    const { start, holder, outcomes, statistics } = setUpDispatcher();
    start('wrong');
    holder().fault('INVALID_REQUEST');
    expect(outcomes).toEqual(['wrong INVALID_REQUEST']);
    expect(statistics.retries).toBe(0);
  });

  it('never sends a request to a model that is not idempotent twice, unless it was not taken', () => {
    const { start, channels, holder, die, outcomes, statistics } = setUpDispatcher({
      idempotent: false,
      workers: 3,
    });
    start('failed');
    holder().fault();
    start('lost');
    die(channels.indexOf(holder()));
    expect(outcomes).toEqual(['failed INTERNAL', 'lost WORKERS_LOST']);
    expect(statistics.refusals.get('not_retried')).toBe(1);
    start('refused');
    holder().end((sink) => sink.onFailure('busy'));
    holder().answer();
    expect(outcomes.at(-1)).toBe('refused answered');
  });

  it('sends no more again than the budget allows', () => {
    const { start, holder, outcomes, statistics } = setUpDispatcher({ retryPercent: 20, slots: 4 });
    for (let i = 0; i < 300; i++) {
      start(`r${i}`);
      holder().fault();
      if (outcomes.length === i) holder().fault();
    }
    // A fifth, and the floor of 10 a second for 10 s.
    expect(statistics.retries).toBeLessThanOrEqual(160);
    expect(statistics.retries).toBeGreaterThanOrEqual(100);
    const none = setUpDispatcher({ retryPercent: 0 });
    none.start('a');
    none.holder().fault();
    expect(none.outcomes).toEqual(['a INTERNAL']);
  });

  it('does not let a busy worker cost a request its place', () => {
    const { start, links, channels, route, dispatcher, outcomes } = setUpDispatcher({ workers: 1, slots: 1 });
    start('first');
    start('second');
    channels[0]?.end((sink) => sink.onFailure('busy'));
    for (const link of links) link.busy = false;
    route.refreshUsable();
    dispatcher.pump(route);
    channels[0]?.answer();
    expect(outcomes).toEqual(['first answered']);
  });

  it('hedges what is slower than nearly all, takes the first answer and cancels the other', () => {
    const { start, holder, other, tick, outcomes, statistics, dispatcher } = setUpDispatcher({
      hedgePercent: 10,
    });
    for (let i = 0; i < 200; i++) {
      start('usual');
      tick(10);
      holder().answer();
    }
    outcomes.length = 0;
    start('slow');
    const first = holder();
    tick(100);
    dispatcher.beat();
    expect(other(first).inFlight).toBe(1);
    other(first).answer();
    expect(outcomes).toEqual(['slow answered']);
    expect(first.cancelled).toHaveLength(1);
    expect([statistics.hedges, dispatcher.inFlight]).toEqual([1, 0]);
  });

  it('sends what a stuck worker holds to others as well, and still takes its answer', () => {
    const { start, channels, links, dispatcher, outcomes, statistics } = setUpDispatcher({ slots: 4 });
    for (const name of ['a', 'b', 'c', 'd']) start(name);
    dispatcher.rescue(links[0] as WorkerLink);
    expect(channels.map(({ inFlight }) => inFlight)).toEqual([2, 4]);
    channels[0]?.answer();
    while (channels[1]?.inFlight) channels[1].answer();
    expect(outcomes).toHaveLength(4);
    expect(new Set(outcomes).size).toBe(4);
    expect(channels[0]?.inFlight).toBe(0);
    expect([dispatcher.inFlight, statistics.inFlight]).toEqual([0, 0]);
  });

  it('finds a worker stalled when another answers what it holds in a small part of the time', () => {
    const { start, channels, links, tick, dispatcher, outrun } = setUpDispatcher({ slots: 4 });
    start('stuck');
    const first = channels.findIndex(({ inFlight }) => inFlight > 0);
    const [link, other] = [links[first] as WorkerLink, channels[1 - first] as FakeChannel];
    tick(700);
    dispatcher.rescue(link);
    tick(30);
    expect(link.record(730, true).stalledMs).toBe(0);
    other.answer();
    expect(outrun).toEqual([730]);
  });

  it('holds it against a worker whose probe is a request of its own that another outruns it', () => {
    const { start, channels, links, tick, dispatcher, route, blamed, outrun, outcomes } = setUpDispatcher();
    // No worker is well, so that nobody else can be asked for either request.
    for (const { breaker } of links) {
      breaker.open('slow', 0);
      breaker.tick(2_000);
    }
    route.refreshUsable();
    for (const name of ['a', 'b']) start(name);
    expect(channels.map(({ inFlight }) => inFlight)).toEqual([1, 1]);
    channels[1]?.answer();
    route.refreshUsable();
    tick(145);
    dispatcher.rescue(links[0] as WorkerLink);
    tick(10);
    channels[1]?.answer();
    expect(outcomes).toHaveLength(2);
    expect(blamed).toEqual(['w0']);
    expect(outrun).toEqual([]);
  });

  it('takes a request for long that takes long at another worker as well', () => {
    const { start, channels, links, tick, dispatcher, outrun } = setUpDispatcher({ slots: 4 });
    start('long');
    const first = channels.findIndex(({ inFlight }) => inFlight > 0);
    tick(700);
    dispatcher.rescue(links[first] as WorkerLink);
    tick(400);
    channels[1 - first]?.answer();
    expect(outrun).toEqual([]);
  });

  it('refuses at once when all workers have been gone for a while and none is to come', () => {
    const { start, die, tick, outcomes, statistics } = setUpDispatcher({ workers: 1 });
    die(0);
    tick(50);
    start('waits');
    for (let i = 0; i < 19; i++) tick(50);
    expect(outcomes).toEqual([]);
    for (let i = 0; i < 30; i++) tick(50);
    start('refused');
    expect(outcomes).toEqual(['waits UNAVAILABLE', 'refused UNAVAILABLE']);
    expect(statistics.refusals.get('no_worker')).toBe(1);
  });

  it('waits on for a worker that a controller will bring', () => {
    const { start, die, tick, outcomes, route } = setUpDispatcher({ workers: 1, replicas: 1 });
    die(0);
    route.links.clear();
    for (let i = 0; i < 100; i++) tick(50);
    start('waits');
    expect(outcomes).toEqual([]);
  });

  it('waits for a worker that was long in coming and is not connected at once when it is there', () => {
    const { start, die, tick, outcomes, route, links } = setUpDispatcher({ workers: 1, replicas: 1 });
    die(0);
    route.links.clear();
    for (let i = 0; i < 100; i++) tick(50);
    route.links.add(links[0] as WorkerLink);
    route.refreshUsable();
    tick(50);
    start('waits');
    expect(outcomes).toEqual([]);
    for (let i = 0; i < 41; i++) tick(50);
    start('refused');
    expect(outcomes).toContain('refused UNAVAILABLE');
  });

  it('CT3: answers every request exactly once and counts back to zero, whatever happens to the workers', () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.record({ op: fc.constant('start' as const) }) },
      { weight: 3, arbitrary: fc.record({ op: fc.constant('answer' as const), worker: fc.nat(2) }) },
      fc.record({ op: fc.constant('busy' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('fault' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('rescue' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('die' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('revive' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('eject' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('cancel' as const), which: fc.nat(20) }),
      fc.record({ op: fc.constant('tick' as const), ms: fc.nat(3_000) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const { start, channels, links, die, dispatcher, outcomes, route, statistics, tick } =
          setUpDispatcher({
            workers: 3,
          });
        const started: ReturnType<typeof start>[] = [];
        const cancelled = new Set<unknown>();
        for (const one of events) {
          if (one.op === 'start') started.push(start(`r${started.length}`));
          else if (one.op === 'tick') tick(one.ms);
          else if (one.op === 'cancel') {
            const exchange = started[one.which];
            if (exchange) cancelled.add(exchange);
            if (exchange) dispatcher.cancel(exchange);
          } else {
            const channel = channels[one.worker] as FakeChannel;
            if (one.op === 'die') die(one.worker);
            else if (one.op === 'revive') {
              channel.state = 'open';
              route.refreshUsable();
              dispatcher.pump(route);
            } else if (one.op === 'eject') {
              links[one.worker]?.breaker.open('failed', 0);
              links[one.worker]?.breaker.tick(Number.POSITIVE_INFINITY);
              route.refreshUsable();
            } else if (one.op === 'rescue') {
              dispatcher.rescue(links[one.worker] as WorkerLink);
            } else if (channel.inFlight > 0) {
              if (one.op === 'answer') channel.answer();
              else if (one.op === 'fault') channel.fault();
              else channel.end((sink) => sink.onFailure('busy'));
            }
          }
          expect(statistics.inFlight).toBe(dispatcher.inFlight);
        }
        for (const link of links) link.busy = false;
        for (const channel of channels) channel.state = 'open';
        route.refreshUsable();
        dispatcher.pump(route);
        while (channels.some((channel) => channel.inFlight > 0)) {
          for (const channel of channels) if (channel.inFlight > 0) channel.answer();
        }
        expect(dispatcher.inFlight).toBe(0);
        expect(statistics.inFlight).toBe(0);
        expect(new Set(outcomes.map((outcome) => outcome.split(' ')[0])).size).toBe(outcomes.length);
        expect(outcomes.length).toBeGreaterThanOrEqual(started.length - cancelled.size);
      }),
    );
  });
});
