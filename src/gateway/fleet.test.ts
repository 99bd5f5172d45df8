/** The fleet follows the table: who leaves that is not counted on any more, whatever its channel says last. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeChannel } from '../../test/support/dispatcher-fixture.ts';
import type { ChannelState } from '../channel/channel.ts';
import { MemoryControlTable } from '../table/memory/memory-control-table.ts';
import type { ModelRecord } from '../table/model-record.ts';
import { Fleet } from './fleet.ts';
import type { VersionRoute } from './model-route.ts';

const RECORD: ModelRecord = {
  ...{ id_model: 'fraud', version: '1', state: 'READY', reason: '', platform: '', replicas: 1 },
  ...{ max_batch_size: 0, max_queue_delay_us: 0, idempotent: true, signature: undefined, unloaded: false },
};

/** Tells of its end as those over sockets do. */
class TellingChannel extends FakeChannel {
  readonly #onStateChange: (state: ChannelState, reason: string) => void;

  constructor(onStateChange: (state: ChannelState, reason: string) => void) {
    super();
    this.#onStateChange = onStateChange;
  }

  become(state: ChannelState): void {
    this.state = state;
    this.#onStateChange(state, 'as the test says');
  }

  override close(): void {
    this.become('closed');
  }
}

let table: MemoryControlTable;
let fleet: Fleet;
let channels: TellingChannel[];

beforeEach(async () => {
  table = new MemoryControlTable(() => 0);
  channels = [];
  await table.putModel(RECORD);
  fleet = new Fleet({
    id_gateway: 'g',
    identity: () => ({ node: 'n', pid: 1, address: 'http://g' }),
    table,
    limits: { waiting: { maxItems: 10, maxBytes: 10, maxAgeMs: 1_000 }, retryPercent: 20, hedgePercent: 0 },
    link: { ejectMs: 1_000, random: () => 0.5 },
    openChannel: (_, onStateChange) => {
      const channel = new TellingChannel(onStateChange);
      channels.push(channel);
      return channel;
    },
    onRouteOpened: () => {},
    onRouteGone: () => {},
    log: { warn: () => {}, debug: () => {} },
  });
});
afterEach(() => fleet.close());

const route = () => fleet.find('fraud', '1') as VersionRoute;

async function serves(id_worker: string): Promise<void> {
  await table.register({
    ...{ id_worker, id_model: 'fraud', version: '1', endpoint: 'turntable://h:1', slots: 8, weight: 1 },
    ...{ node: 'n', pid: 1, signature: { inputs: [], outputs: [], batchable: true }, revision: 'r1' },
    ...{ max_batch_size: 0, max_queue_delay_us: 0, idempotent: true, platform: '', supervised: true },
  });
  await table.transition(id_worker, 'INACTIVE', 'ACTIVE');
}

async function dies(id_worker: string): Promise<void> {
  channels.at(-1)?.become('connecting');
  await table.transition(id_worker, 'ACTIVE', 'ERROR', 'ended by SIGKILL');
  await table.remove(id_worker);
}

it('forgets a worker whose row is removed, though its channel is heard of once more', async () => {
  await serves('first');
  expect([...route().links].map(({ id_worker }) => id_worker)).toEqual(['first']);
  await dies('first');
  expect(channels[0]?.state).toBe('closed');
  expect([...route().links]).toEqual([]);
  await serves('second');
  expect([...route().links].map(({ id_worker }) => id_worker)).toEqual(['second']);
  expect(route().usable).toHaveLength(1);
});

it('expects a successor of a worker that is gone, however long it is in coming', async () => {
  await serves('first');
  await dies('first');
  for (const now of [0, 5_000, 60_000]) {
    route().judge(now);
    expect(route().failing).toBe(false);
  }
});

it('expects none while a worker that does not answer is still in the table', async () => {
  await serves('first');
  channels[0]?.become('unresponsive');
  route().judge(0);
  expect(route().failing).toBe(false);
  route().judge(5_000);
  expect(route().failing).toBe(true);
});
