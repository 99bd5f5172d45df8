/** A dispatcher before workers that do what the test says, on a clock that the test moves. */
import { POLICIES } from '../../src/balance/policies.ts';
import type { Channel, ChannelRequest, ChannelState, ResponseSink } from '../../src/channel/channel.ts';
import type { WorkerError } from '../../src/channel/messages.ts';
import { Dispatcher } from '../../src/gateway/dispatcher.ts';
import type { ExchangeOwner } from '../../src/gateway/exchange.ts';
import { VersionRoute } from '../../src/gateway/model-route.ts';
import { VersionStatistics } from '../../src/gateway/version-statistics.ts';
import { WorkerLink } from '../../src/gateway/worker-link.ts';
import type { ModelRecord } from '../../src/table/model-record.ts';
import type { WorkerRow } from '../../src/table/worker-row.ts';

const TIMINGS = { queueUs: 0, decodeUs: 0, inferUs: 0, encodeUs: 0, rows: 1, batchRows: 1 };

/** A channel whose worker does what the test says. */
export class FakeChannel implements Channel {
  readonly tellsQueue = true;
  readonly wantsAlone = false;
  state: ChannelState = 'open';
  readonly sinks = new Map<number, ResponseSink>();
  readonly timeouts: number[] = [];
  readonly cancelled: number[] = [];
  #next = 1;

  get inFlight(): number {
    return this.sinks.size;
  }

  send(request: ChannelRequest, sink: ResponseSink): number {
    this.sinks.set(this.#next, sink);
    this.timeouts.push(request.timeoutMs);
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

  fault(code: WorkerError['code'] = 'INTERNAL'): void {
    this.end((sink) => sink.onError({ code, message: 'it failed' }));
  }

  die(): void {
    this.state = 'connecting';
    const sinks = [...this.sinks.values()];
    this.sinks.clear();
    for (const sink of sinks) sink.onFailure('lost');
  }
}

const DEFAULTS = {
  workers: 2,
  slots: 2,
  maxItems: 100,
  maxBytes: 1_000,
  maxInFlight: 1_000,
  idempotent: true,
  retryPercent: 20,
  hedgePercent: 0,
  replicas: 0,
};

export function setUpDispatcher(given: Partial<typeof DEFAULTS> = {}) {
  const options = { ...DEFAULTS, ...given };
  const { workers, slots, maxItems, maxBytes, maxInFlight, retryPercent, hedgePercent } = options;
  const record: ModelRecord = {
    id_model: 'm',
    version: '1',
    state: 'READY',
    reason: '',
    platform: '',
    replicas: options.replicas,
    max_batch_size: 0,
    max_queue_delay_us: 0,
    signature: undefined,
    idempotent: options.idempotent,
    unloaded: false,
  };
  const statistics = new VersionStatistics();
  const waiting = { maxItems, maxBytes, maxAgeMs: 1_000 };
  const route = new VersionRoute(record, statistics, { waiting, retryPercent, hedgePercent });
  const channels = Array.from({ length: workers }, () => new FakeChannel());
  const links = channels.map((channel, i) => {
    const row = { id_worker: `w${i}`, slots, weight: 1, status: 'ACTIVE' } as WorkerRow;
    return new WorkerLink(row, channel, { ejectMs: 1_000, random: () => 0.5 }, 0);
  });
  for (const link of links) route.links.add(link);
  route.refreshUsable();
  let now = 0;
  const blamed: string[] = [];
  const outrun: number[] = [];
  const dispatcher = new Dispatcher({
    maxInFlight,
    policy: POLICIES['least-connections'],
    random: () => 0.5,
    hedges: hedgePercent > 0,
    now: () => now,
    onLoadChange: () => {},
    routes: () => [route],
    onOutrun: () => outrun.push(now),
    onBlamed: (link) => blamed.push(link.id_worker),
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
    blamed,
    outrun,
    start: (name: string, { priority = 3, timeoutMs = 10_000, bytes = 1 } = {}) =>
      dispatcher.start(
        route,
        { body: [], bodyBytes: bytes, jsonBytes: undefined, timeoutMs: 0 },
        { version: undefined, priority, timeoutMs, deadlineAt: now + timeoutMs },
        owner(name),
      ),
    die: (index: number) => {
      const channel = channels[index] as FakeChannel;
      channel.state = 'connecting';
      route.refreshUsable();
      channel.die();
    },
    tick: (ms: number) => {
      now += ms;
      dispatcher.tick();
    },
    /** The worker that has requests. */
    holder: () => channels.find((one) => one.inFlight > 0) as FakeChannel,
    other: (channel: FakeChannel) => channels.find((one) => one !== channel) as FakeChannel,
  };
}
