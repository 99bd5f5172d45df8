/** A worker writes itself into the table and acts on what it finds there, also when the table comes and goes. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { WorkerTable } from '../table/control-table.ts';
import { MemoryControlTable } from '../table/memory/memory-control-table.ts';
import type { WorkerStatus } from '../table/worker-row.ts';
import { TurntableError } from '../turntable-error.ts';
import type { WorkerIntroduction } from '../worker/presence.ts';
import { TablePresence } from './table-presence.ts';

const ID = 'fraud-1-a';
const INTRODUCTION: WorkerIntroduction = {
  id_worker: ID,
  id_model: 'fraud',
  version: '1',
  endpoint: 'turntable://127.0.0.1:4000',
  slots: 4,
  weight: 1,
  node: 'here',
  pid: 7,
  signature: { inputs: [], outputs: [], batchable: true },
  max_batch_size: 64,
  max_queue_delay_us: 250,
  idempotent: true,
  platform: 'onnxruntime_onnx',
};
const BEAT = { rss_bytes: 1 };

class Away extends TurntableError {
  constructor(code = 'TABLE_AWAY') {
    super(code, 'gone fishing');
  }
}

type Method = 'describeModel' | 'register' | 'transition' | 'heartbeat' | 'remove';

/** A table that fails when the test says so, and loses answers when it says that. */
class FragileTable implements WorkerTable {
  inner = new MemoryControlTable(() => 0);
  readonly calls: string[] = [];
  failure: ((method: Method) => Error | undefined) | undefined;
  /** It is carried out, but the answer does not come. */
  losesAnswers = false;
  hangs = false;

  describeModel: WorkerTable['describeModel'] = (model) =>
    this.#do('describeModel', () => this.inner.describeModel(model));
  register: WorkerTable['register'] = (row) => this.#do('register', () => this.inner.register(row));
  transition: WorkerTable['transition'] = (id, from, to, reason) =>
    this.#do('transition', () => this.inner.transition(id, from, to, reason), `${from}>${to}`);
  heartbeat: WorkerTable['heartbeat'] = (beat) => this.#do('heartbeat', () => this.inner.heartbeat(beat));
  remove: WorkerTable['remove'] = (id) => this.#do('remove', () => this.inner.remove(id));
  close = async () => {};

  async #do<T>(method: Method, act: () => Promise<T>, what: string = method): Promise<T> {
    this.calls.push(what);
    if (this.hangs) await new Promise(() => {});
    const failure = this.failure?.(method);
    if (failure && !this.losesAnswers) throw failure;
    const result = await act();
    if (failure) throw failure;
    return result;
  }
}

let table: FragileTable;
let presence: TablePresence;
let told: string[];
let logged: string[];
/** Waits of the presence that the test ends. */
let waits: { ms: number; end: () => void }[];

beforeEach(() => {
  table = new FragileTable();
  told = [];
  logged = [];
  waits = [];
  presence = new TablePresence({
    table,
    supervised: false,
    revision: 'r1',
    log: { warn: (_, message) => logged.push(message), info: (_, message) => logged.push(message) },
    onRetired: () => told.push('retired'),
    onRemoved: () => told.push('removed'),
    onFailed: async (reason) => void told.push(`failed: ${reason}`),
    wait: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        waits.push({ ms, end: () => resolve(undefined) });
      }),
  });
});

const status = (): WorkerStatus | undefined => table.inner.worker(ID)?.status;
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function serving(): Promise<void> {
  await presence.register(INTRODUCTION);
  await presence.ready();
  table.calls.length = 0;
}

async function setStatus(...path: WorkerStatus[]): Promise<void> {
  for (const to of path) await table.inner.transition(ID, status() as WorkerStatus, to);
}

describe('in good times', () => {
  it('describes its model before its row is there, registers, becomes ACTIVE, drains and is gone', async () => {
    await presence.register(INTRODUCTION);
    expect(table.calls).toEqual(['describeModel', 'register']);
    expect(table.inner.worker(ID)).toMatchObject({
      status: 'INACTIVE',
      supervised: false,
      revision: 'r1',
      endpoint: 'turntable://127.0.0.1:4000',
    });
    expect(table.inner.view().models).toMatchObject([
      { id_model: 'fraud', state: 'READY', max_batch_size: 64, max_queue_delay_us: 250 },
    ]);
    await presence.ready();
    expect(status()).toBe('ACTIVE');
    await presence.heartbeat(BEAT);
    await presence.draining();
    expect(table.inner.worker(ID)).toMatchObject({ status: 'UPDATING', reason: 'drains' });
    await presence.gone();
    expect(status()).toBeUndefined();
    expect([told, logged]).toEqual([[], []]);
  });

  it('passes on that its model does not load', async () => {
    await presence.failed('no such operator');
    expect(told).toEqual(['failed: no such operator']);
  });

  it('leaves no trace when it goes before it was registered', async () => {
    await presence.draining();
    await presence.gone();
    expect(table.calls).toEqual([]);
  });
});

describe('what a sign of life finds', () => {
  beforeEach(serving);

  it('UPDATING: somebody retires it, which it is told once', async () => {
    await setStatus('UPDATING');
    await presence.heartbeat(BEAT);
    await presence.heartbeat(BEAT);
    expect(told).toEqual(['retired']);
    await presence.draining();
    await presence.gone();
    expect(status()).toBeUndefined();
  });

  it('its row removed: it is told to end, once', async () => {
    await setStatus('ERROR');
    await table.inner.remove(ID);
    await presence.heartbeat(BEAT);
    await presence.heartbeat(BEAT);
    expect(told).toEqual(['removed']);
    expect(table.calls).toEqual(['heartbeat', 'heartbeat']);
  });

  it('an empty table: it writes itself again, all of it', async () => {
    table.inner = new MemoryControlTable(() => 0);
    await presence.heartbeat(BEAT);
    expect(table.calls).toEqual(['heartbeat', 'describeModel', 'register', 'INACTIVE>ACTIVE']);
    expect(status()).toBe('ACTIVE');
    expect(table.inner.view().models).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('INACTIVE, as a failover leaves it that lost the last change: it is ready again', async () => {
    table.inner = new MemoryControlTable(() => 0);
    await table.inner.register({ ...INTRODUCTION, supervised: false, revision: 'r1' });
    await presence.heartbeat(BEAT);
    expect(status()).toBe('ACTIVE');
  });

  it('ERROR: it waits for the watchdog', async () => {
    await setStatus('ERROR');
    await presence.heartbeat(BEAT);
    expect([status(), told]).toEqual(['ERROR', []]);
  });
});

describe('what a sign of life finds while it drains', () => {
  beforeEach(async () => {
    await serving();
    await presence.draining();
    table.calls.length = 0;
  });

  it('UPDATING, or that it was removed, is as it should be', async () => {
    await presence.heartbeat(BEAT);
    await table.inner.remove(ID);
    await presence.heartbeat(BEAT);
    expect(told).toEqual([]);
  });

  it('an empty table is left empty', async () => {
    table.inner = new MemoryControlTable(() => 0);
    await presence.heartbeat(BEAT);
    await presence.gone();
    expect(table.calls).toEqual(['heartbeat', 'remove']);
    expect(logged).toEqual([]);
  });

  it('ACTIVE, as a failover or a watchdog leaves it: it drains again', async () => {
    table.inner = new MemoryControlTable(() => 0);
    await table.inner.register({ ...INTRODUCTION, supervised: false, revision: 'r1' });
    await setStatus('ACTIVE');
    await presence.heartbeat(BEAT);
    expect(status()).toBe('UPDATING');
  });

  it('INACTIVE is not made ACTIVE', async () => {
    table.inner = new MemoryControlTable(() => 0);
    await table.inner.register({ ...INTRODUCTION, supervised: false, revision: 'r1' });
    await presence.heartbeat(BEAT);
    expect(status()).toBe('INACTIVE');
  });
});

describe.each(['TABLE_AWAY', 'TABLE_REFUSED'])('a table that answers with %s', (code) => {
  const breaks = (...methods: Method[]) => {
    table.failure = (method) =>
      methods.length === 0 || methods.includes(method) ? new Away(code) : undefined;
  };
  const mends = () => {
    table.failure = undefined;
  };

  it('is asked again, ever more rarely, until it takes the registration', async () => {
    breaks();
    const registered = presence.register(INTRODUCTION);
    for (let i = 0; i < 8; i++) {
      await settle();
      waits.at(-1)?.end();
    }
    await settle();
    expect(waits.map(({ ms }) => ms)).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
    mends();
    waits.at(-1)?.end();
    await registered;
    expect(status()).toBe('INACTIVE');
    expect(logged).toEqual([
      'the control table does not take what this worker says',
      'the control table takes what this worker says again',
    ]);
  });

  it('that took it all the same has the worker registered once', async () => {
    breaks('register');
    table.losesAnswers = true;
    const registered = presence.register(INTRODUCTION);
    await settle();
    mends();
    waits[0]?.end();
    await registered;
    await presence.ready();
    expect(status()).toBe('ACTIVE');
  });

  it('is asked again to make it ACTIVE', async () => {
    await presence.register(INTRODUCTION);
    breaks('transition');
    const ready = presence.ready();
    await settle();
    expect(status()).toBe('INACTIVE');
    mends();
    waits[0]?.end();
    await ready;
    expect(status()).toBe('ACTIVE');
  });

  it('misses signs of life, with one line when it goes and one when it is back', async () => {
    await serving();
    breaks();
    for (let i = 0; i < 3; i++) await presence.heartbeat(BEAT);
    mends();
    for (let i = 0; i < 3; i++) await presence.heartbeat(BEAT);
    expect(logged).toEqual([
      'the control table does not take what this worker says',
      'the control table takes what this worker says again',
    ]);
    expect(waits).toEqual([]);
    expect(status()).toBe('ACTIVE');
  });

  it.each<Method>(['describeModel', 'register', 'transition'])(
    'that goes again at %s while it is written anew is written at a later sign of life',
    async (method) => {
      await serving();
      table.inner = new MemoryControlTable(() => 0);
      breaks(method);
      await presence.heartbeat(BEAT);
      mends();
      await presence.heartbeat(BEAT);
      expect(status()).toBe('ACTIVE');
    },
  );

  it('holds up no worker that leaves before it is registered, and does not register it then', async () => {
    breaks();
    const registered = presence.register(INTRODUCTION);
    await settle();
    const draining = presence.draining();
    await registered;
    await settle();
    expect(waits.map(({ ms }) => ms)).toContain(1_000);
    for (const { ms, end } of waits) if (ms === 1_000) end();
    await draining;
    mends();
    await presence.gone();
    expect(status()).toBeUndefined();
    expect(table.calls).not.toContain('register');
  });

  it('that is back by the time the worker has drained has its row removed', async () => {
    await serving();
    breaks();
    const draining = presence.draining();
    await settle();
    waits.find(({ ms }) => ms === 1_000)?.end();
    await draining;
    mends();
    await presence.gone();
    expect(status()).toBeUndefined();
  });

  it('that is back within a moment has it draining', async () => {
    await serving();
    breaks();
    const draining = presence.draining();
    await settle();
    mends();
    waits.find(({ ms }) => ms === 50)?.end();
    await draining;
    expect(status()).toBe('UPDATING');
  });
});

describe('order', () => {
  it('a table that does not answer at all holds up leaving for a second and no longer', async () => {
    await serving();
    table.hangs = true;
    void presence.heartbeat(BEAT);
    void presence.heartbeat(BEAT);
    await settle();
    expect(table.calls).toEqual(['heartbeat']);
    for (const leave of [() => presence.draining(), () => presence.gone()]) {
      const left = leave();
      await settle();
      waits.at(-1)?.end();
      await left;
    }
    expect(waits.map(({ ms }) => ms)).toEqual([1_000, 1_000]);
  });

  it('a sign of life that finds the table empty does not bring back what has begun to drain', async () => {
    await serving();
    table.inner = new MemoryControlTable(() => 0);
    const beat = presence.heartbeat(BEAT);
    await presence.draining();
    await beat;
    await presence.gone();
    expect(status()).toBeUndefined();
  });

  it('an error that is none of the table is nobody to wait for', async () => {
    table.failure = () => new TypeError('a fault of ours');
    await expect(presence.register(INTRODUCTION)).rejects.toThrow('a fault of ours');
    expect(waits).toEqual([]);
  });
});
