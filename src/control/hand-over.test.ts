/** A controller that goes hands its workers over one by one, and waits for nothing that cannot come. */
import { beforeEach, expect, it } from 'vitest';
import type { ControlTable } from '../table/control-table.ts';
import { MemoryControlTable } from '../table/memory/memory-control-table.ts';
import type { ModelRecord } from '../table/model-record.ts';
import { handOver } from './hand-over.ts';

const RECORD: ModelRecord = {
  ...{ id_model: 'fraud', version: '1', state: 'READY', reason: '', platform: '', replicas: 2 },
  ...{ max_batch_size: 0, max_queue_delay_us: 0, idempotent: true, signature: undefined, unloaded: false },
};
/** Longer than a test may take: none ends because the time is up. */
const LIMIT_MS = 600_000;

let table: MemoryControlTable;
let others: string[];
let drained: string[];
let away: boolean;
let ours: Set<string>;

beforeEach(async () => {
  table = new MemoryControlTable(() => 0);
  others = ['standby'];
  drained = [];
  away = false;
  ours = new Set(['ours-1', 'ours-2']);
  await table.putModel(RECORD);
});

/** The table as one sees it who is not alone. */
const shared: Pick<ControlTable, 'view' | 'subscribe'> = {
  subscribe: (listener) => table.subscribe(listener),
  view: () => {
    const view = table.view();
    const member = { node: 'n', pid: 1, acting: true, last_activity: 0 };
    return {
      ...view,
      controllers: others.map((id_controller) => ({ ...member, id_controller })),
      health: { ...view.health, available: !away },
    };
  },
};

function begin(): { readonly ended: boolean; readonly done: Promise<void> } {
  const standing = { ended: false, done: Promise.resolve() };
  standing.done = handOver({
    table: shared,
    provisioner: {
      has: (id_worker) => ours.has(id_worker),
      drain: (id_worker) => void drained.push(id_worker),
    },
    id_controller: 'going',
    limitMs: LIMIT_MS,
  }).then(() => {
    standing.ended = true;
  });
  return standing;
}

async function serves(id_worker: string, supervised = true): Promise<void> {
  await table.register({
    ...{ id_worker, id_model: 'fraud', version: '1', endpoint: 'turntable://h:1', slots: 1, weight: 1 },
    ...{ node: 'n', pid: 1, supervised, revision: 'r' },
  });
  await table.transition(id_worker, 'INACTIVE', 'ACTIVE');
}

async function leaves(id_worker: string): Promise<void> {
  await table.transition(id_worker, 'ACTIVE', 'UPDATING');
  await table.remove(id_worker);
  await settled();
}

/** What follows from a change of the table has come about then. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('each worker goes when the one before it has a successor', async () => {
  await serves('ours-1');
  await serves('ours-2');
  const { done } = begin();
  await leaves('ours-1');
  expect(drained).toEqual(['ours-1']);
  await serves('successor-1');
  await settled();
  expect(drained).toEqual(['ours-1', 'ours-2']);
  await leaves('ours-2');
  await serves('successor-2');
  await done;
});

it('a worker that somebody started by hand is not waited for when it leaves', async () => {
  await serves('ours-1');
  await serves('by-hand', false);
  const standing = begin();
  await leaves('ours-1');
  await leaves('by-hand');
  expect(standing.ended).toBe(false);
  await serves('successor-1');
  await standing.done;
});

it('one that is started by hand is no successor', async () => {
  await serves('ours-1');
  const standing = begin();
  await leaves('ours-1');
  await serves('by-hand', false);
  await settled();
  expect(standing.ended).toBe(false);
  await serves('successor-1');
  await standing.done;
});

it('one that has come to be in ERROR is waited for by its controller, not here', async () => {
  await serves('ours-1');
  await serves('theirs');
  const { done } = begin();
  await table.transition('theirs', 'ACTIVE', 'ERROR');
  await leaves('ours-1');
  await serves('successor-1');
  await done;
});

it('fewer are waited for when fewer are wanted, and none of a version that nobody wants', async () => {
  await serves('ours-1');
  await serves('ours-2');
  const { done } = begin();
  await leaves('ours-1');
  await table.putModel({ ...RECORD, replicas: 1 });
  await settled();
  expect(drained).toEqual(['ours-1', 'ours-2']);
  await leaves('ours-2');
  await table.putModel({ ...RECORD, state: 'UNAVAILABLE' });
  await done;
});

it('it is over when the other controller goes, or the table, of which no change tells', async () => {
  await serves('ours-1');
  await serves('ours-2');
  const first = begin();
  await leaves('ours-1');
  others = [];
  await first.done;
  others = ['standby'];
  drained = [];
  const second = begin();
  expect(drained).toEqual(['ours-2']);
  await leaves('ours-2');
  away = true;
  await second.done;
});

it('it ends at once where there is no other controller', async () => {
  await serves('ours-1');
  others = [];
  await begin().done;
  expect(drained).toEqual([]);
});
