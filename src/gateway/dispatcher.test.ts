/** The dispatcher: late binding, sending again what a lost worker had, and nothing answered twice or forgotten. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Channel, ChannelRequest, ChannelState, ResponseSink } from '../channel/channel.ts';
import type { ModelRecord } from '../table/model-record.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { Dispatcher } from './dispatcher.ts';
import type { ExchangeOwner } from './exchange.ts';
import { VersionRoute } from './model-route.ts';
import { VersionStatistics } from './version-statistics.ts';
import { WorkerLink } from './worker-link.ts';

const REQUEST: ChannelRequest = { body: [], bodyBytes: 0, jsonBytes: undefined, timeoutMs: 0 };
const TIMINGS = { queueUs: 0, decodeUs: 0, inferUs: 0, encodeUs: 0, rows: 1, batchRows: 1 };

/** A channel whose worker does what the test says. */
class FakeChannel implements Channel {
  state: ChannelState = 'open';
  readonly sinks = new Map<number, ResponseSink>();
  readonly cancelled: number[] = [];
  #next = 1;

  get inFlight(): number {
    return this.sinks.size;
  }

  send(_request: ChannelRequest, sink: ResponseSink): number {
    this.sinks.set(this.#next, sink);
    return this.#next++;
  }

  cancel(stream: number): void {
    this.sinks.delete(stream);
    this.cancelled.push(stream);
  }

  tick(): void {}
  close(): void {}

  /** Ends the oldest request here. */
  end(how: (sink: ResponseSink) => void): void {
    const [oldest] = this.sinks;
    if (!oldest) throw new Error('nothing is in flight');
    this.sinks.delete(oldest[0]);
    how(oldest[1]);
  }

  answer(): void {
    this.end((sink) => sink.onResponse({ body: [], bodyBytes: 0, jsonBytes: undefined, timings: TIMINGS }));
  }

  die(): void {
    this.state = 'connecting';
    const sinks = [...this.sinks.values()];
    this.sinks.clear();
    for (const sink of sinks) sink.onFailure('lost');
  }
}

function setUp({ workers = 2, slots = 2, maxWaiting = 100, maxInFlight = 1_000 } = {}) {
  const record: ModelRecord = {
    id_model: 'm',
    version: '1',
    state: 'READY',
    reason: '',
    platform: '',
    replicas: workers,
    max_batch_size: 0,
    max_queue_delay_us: 0,
    idempotent: true,
    signature: undefined,
    unloaded: false,
  };
  const statistics = new VersionStatistics();
  const route = new VersionRoute(record, statistics, { maxWaiting, maxWaitMs: 1_000 });
  const channels = Array.from({ length: workers }, () => new FakeChannel());
  const links = channels.map(
    (channel, i) => new WorkerLink({ id_worker: `w${i}`, slots, status: 'ACTIVE' } as WorkerRow, channel, 0),
  );
  for (const link of links) route.links.add(link);
  route.refreshUsable();
  let now = 0;
  const dispatcher = new Dispatcher({
    maxInFlight,
    requestTimeoutMs: 10_000,
    now: () => now,
    onLoadChange: () => {},
    findRoute: () => route,
  });
  const outcomes: string[] = [];
  const owner = (name: string): ExchangeOwner<VersionRoute> => ({
    onAnswer: () => outcomes.push(`${name} answered`),
    onError: (_, code) => outcomes.push(`${name} ${code}`),
  });
  return {
    route,
    channels,
    links,
    dispatcher,
    outcomes,
    statistics,
    start: (name: string) => dispatcher.start(route, undefined, REQUEST, owner(name)),
    die: (index: number) => {
      const channel = channels[index] as FakeChannel;
      channel.state = 'connecting';
      route.refreshUsable();
      channel.die();
    },
    tick: (ms: number) => {
      now += ms;
      dispatcher.tick([route]);
    },
  };
}

describe('Dispatcher', () => {
  it('spreads requests over the workers and keeps what is beyond their slots for whichever frees first', () => {
    const { start, channels, route, outcomes } = setUp();
    for (const name of ['a', 'b', 'c', 'd', 'e']) start(name);
    expect(channels.map((channel) => channel.inFlight)).toEqual([2, 2]);
    expect(route.waiting.size).toBe(1);
    channels[1]?.answer();
    expect(channels.map((channel) => channel.inFlight)).toEqual([2, 2]);
    expect(route.waiting.size).toBe(0);
    expect(outcomes).toHaveLength(1);
  });

  it('sends what a lost worker had to another, and the client sees nothing of it', () => {
    const { start, channels, die, outcomes, dispatcher, statistics } = setUp({ slots: 10 });
    for (const name of ['a', 'b', 'c', 'd']) start(name);
    die(0);
    expect(channels.map((channel) => channel.inFlight)).toEqual([0, 4]);
    expect(statistics.retries).toBe(2);
    while (channels[1]?.inFlight) channels[1].answer();
    expect(outcomes.sort()).toEqual(['a answered', 'b answered', 'c answered', 'd answered']);
    expect(dispatcher.inFlight).toBe(0);
  });

  it('waits when all workers are lost, and goes on when one is there again', () => {
    const { start, channels, die, outcomes, route, dispatcher } = setUp({ workers: 1 });
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
    const { start, die, channels, outcomes, dispatcher } = setUp({ workers: 4 });
    start('poison');
    for (let i = 0; i < 4 && outcomes.length === 0; i++) die(channels.findIndex((one) => one.inFlight > 0));
    expect(outcomes).toEqual(['poison WORKERS_LOST']);
    expect(dispatcher.inFlight).toBe(0);
  });

  it('does not blame a request for workers that had fallen silent before they got it', () => {
    const { start, channels, outcomes, route } = setUp({ workers: 5 });
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
    const { start, channels, outcomes, links, route, dispatcher } = setUp({ workers: 2, slots: 1 });
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
    const full = setUp({ workers: 1, slots: 1, maxWaiting: 1 });
    for (const name of ['a', 'b', 'c']) full.start(name);
    expect(full.outcomes).toEqual(['c UNAVAILABLE']);
    const many = setUp({ maxInFlight: 1 });
    for (const name of ['a', 'b']) many.start(name);
    expect(many.outcomes).toEqual(['b UNAVAILABLE']);
  });

  it('ends what waits too long and what takes too long, and tells the worker', () => {
    const { start, tick, outcomes, channels, dispatcher, statistics } = setUp({ workers: 1, slots: 1 });
    start('runs');
    start('waits');
    tick(1_000);
    expect(outcomes).toEqual(['waits UNAVAILABLE']);
    tick(9_000);
    expect(outcomes).toEqual(['waits UNAVAILABLE', 'runs TIMED_OUT']);
    expect(channels[0]?.cancelled).toEqual([1]);
    expect([dispatcher.inFlight, statistics.inFlight]).toEqual([0, 0]);
  });

  it('refuses at once when the model is not served', () => {
    const { route, start, outcomes, die } = setUp({ workers: 1 });
    route.record = { ...route.record, state: 'UNAVAILABLE', reason: 'unloaded' };
    start('a');
    die(0);
    expect(outcomes).toEqual(['a UNAVAILABLE']);
  });

  it('frees the slot of a client that left, for the next', () => {
    const { start, dispatcher, channels, outcomes, statistics } = setUp({ workers: 1, slots: 1 });
    const left = start('left');
    start('next');
    dispatcher.cancel(left);
    dispatcher.cancel(left);
    expect(channels[0]?.cancelled).toEqual([1]);
    channels[0]?.answer();
    expect(outcomes).toEqual(['next answered']);
    expect(statistics.inFlight).toBe(0);
  });

  it('CT3: answers every request exactly once and counts back to zero, whatever happens to the workers', () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.record({ op: fc.constant('start' as const) }) },
      { weight: 3, arbitrary: fc.record({ op: fc.constant('answer' as const), worker: fc.nat(2) }) },
      fc.record({ op: fc.constant('busy' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('die' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('revive' as const), worker: fc.nat(2) }),
      fc.record({ op: fc.constant('cancel' as const), which: fc.nat(20) }),
      fc.record({ op: fc.constant('tick' as const), ms: fc.nat(3_000) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const { start, channels, links, die, dispatcher, outcomes, route, statistics, tick } = setUp({
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
            } else if (channel.inFlight > 0) {
              if (one.op === 'answer') channel.answer();
              else channel.end((sink) => sink.onFailure('busy'));
            }
          }
          expect(statistics.inFlight).toBe(dispatcher.inFlight);
          expect(channels.every((channel) => channel.inFlight <= 2)).toBe(true);
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
