/** The supervisor's decisions, case by case. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideReplicas,
  type ReplicaObservation,
  restartDelayMs,
  type SupervisedWorker,
  type WantedVersion,
} from './decide-replicas.ts';

const wanted = (more: Partial<WantedVersion> = {}): WantedVersion => ({
  id_model: 'fraud',
  version: '1',
  replicas: 2,
  generation: 1,
  startNotBefore: 0,
  ...more,
});

const worker = (id_worker: string, more: Partial<SupervisedWorker> = {}): SupervisedWorker => ({
  id_worker,
  id_model: 'fraud',
  version: '1',
  generation: 1,
  startedAt: 0,
  status: 'ACTIVE',
  errorSince: undefined,
  served: more.status !== undefined && more.status !== 'INACTIVE',
  ended: undefined,
  ...more,
});

const observe = (more: Partial<ReplicaObservation>): ReplicaObservation => ({
  wanted: [wanted()],
  workers: [],
  unloading: [],
  deserted: [],
  now: 1_000,
  errorGraceMs: 30_000,
  startTimeoutMs: 60_000,
  ...more,
});

const START = { type: 'start', id_model: 'fraud', version: '1' };

describe('decideReplicas', () => {
  it('starts what is missing', () => {
    expect(decideReplicas(observe({}))).toEqual([START, START]);
    expect(decideReplicas(observe({ workers: [worker('a', { status: undefined })] }))).toEqual([START]);
  });

  it('leaves a full set alone, a hung worker that may come back included', () => {
    const workers = [worker('a'), worker('b', { status: 'ERROR', errorSince: 900 })];
    expect(decideReplicas(observe({ workers }))).toEqual([]);
  });

  it('replaces a worker that drains', () => {
    const workers = [worker('a'), worker('b', { status: 'UPDATING' })];
    expect(decideReplicas(observe({ workers }))).toEqual([START]);
  });

  it('waits while workers keep dying', () => {
    expect(decideReplicas(observe({ wanted: [wanted({ startNotBefore: 1_001 })] }))).toEqual([]);
  });

  it('kills and replaces a worker that stays in ERROR or does not become ready', () => {
    const hung = worker('a', { status: 'ERROR', errorSince: 0 });
    const stuck = worker('b', { status: 'INACTIVE', startedAt: 0 });
    const actions = decideReplicas(observe({ workers: [hung, stuck], now: 60_001 }));
    expect(actions).toMatchObject([
      { type: 'kill', id_worker: 'a', reason: 'in ERROR for more than 30000 ms' },
      { type: 'kill', id_worker: 'b', reason: 'not ready after 60000 ms' },
      START,
      START,
    ]);
  });

  it('retires what is too many, the ones that do not serve first', () => {
    const workers = [worker('a'), worker('b', { status: 'INACTIVE' }), worker('c')];
    expect(decideReplicas(observe({ workers }))).toEqual([{ type: 'retire', id_worker: 'b' }]);
  });

  it('retires all workers of what is not wanted any more', () => {
    const workers = [worker('a'), worker('b', { status: undefined })];
    expect(decideReplicas(observe({ wanted: [], workers }))).toEqual([
      { type: 'retire', id_worker: 'a' },
      { type: 'retire', id_worker: 'b' },
    ]);
  });

  it('keeps an earlier generation until its successors serve', () => {
    const old = [worker('a'), worker('b')];
    const next = [wanted({ generation: 2 })];
    expect(decideReplicas(observe({ wanted: next, workers: old }))).toEqual([START, START]);
    const starting = [
      ...old,
      worker('c', { generation: 2 }),
      worker('d', { generation: 2, status: 'INACTIVE' }),
    ];
    expect(decideReplicas(observe({ wanted: next, workers: starting }))).toEqual([]);
    const serving = [...old, worker('c', { generation: 2 }), worker('d', { generation: 2 })];
    expect(decideReplicas(observe({ wanted: next, workers: serving }))).toEqual([
      { type: 'retire', id_worker: 'a' },
      { type: 'retire', id_worker: 'b' },
    ]);
  });

  it('kills a worker that served and whose row somebody removed, and replaces it', () => {
    const removed = worker('a', { status: undefined, served: true });
    expect(decideReplicas(observe({ workers: [removed, worker('b')] }))).toEqual([
      { type: 'kill', id_worker: 'a', reason: 'its row was removed' },
      START,
    ]);
  });

  it('buries a worker whose process is gone, whatever its row says, and replaces it', () => {
    const dead = worker('a', { ended: 'ended by SIGKILL' });
    expect(decideReplicas(observe({ workers: [dead, worker('b')] }))).toEqual([
      { type: 'bury', id_worker: 'a', reason: 'ended by SIGKILL' },
      START,
    ]);
  });

  it('notes that a version is unloaded once its last worker is gone', () => {
    const unloading = [
      { id_model: 'm', version: '1', left: 0 },
      { id_model: 'm', version: '2', left: 1 },
    ];
    expect(decideReplicas(observe({ wanted: [], unloading }))).toEqual([
      { type: 'unloaded', id_model: 'm', version: '1' },
    ]);
  });

  it('forgets a version that was served by hand when nobody has served it for a minute', () => {
    const deserted = [
      { id_model: 'm', version: '1', desertedSince: 1_000 },
      { id_model: 'm', version: '2', desertedSince: 1_001 },
    ];
    expect(decideReplicas(observe({ wanted: [], deserted, now: 61_001 }))).toEqual([
      { type: 'forget', id_model: 'm', version: '1' },
    ]);
  });

  it('from any state comes to the wanted number of serving workers, without ever retiring below it', () => {
    const status = fc.constantFrom('ACTIVE', 'INACTIVE', 'UPDATING', 'ERROR', undefined);
    const some = fc.array(fc.record({ status, generation: fc.integer({ min: 1, max: 2 }) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(some, fc.integer({ min: 0, max: 4 }), (initial, replicas) => {
        let workers = initial.map((one, i) =>
          worker(`w${i}`, { ...one, errorSince: one.status === 'ERROR' ? 0 : undefined }),
        );
        for (let step = 0; step < 10; step++) {
          const actions = decideReplicas(
            observe({ wanted: [wanted({ replicas, generation: 2 })], workers, now: 40_000 }),
          );
          const gone = new Set(actions.flatMap((one) => ('id_worker' in one ? [one.id_worker] : [])));
          const before = workers.filter((one) => one.status === 'ACTIVE').length;
          workers = workers.filter((one) => !gone.has(one.id_worker) && one.status !== 'UPDATING');
          const after = workers.filter((one) => one.status === 'ACTIVE').length;
          expect(after).toBeGreaterThanOrEqual(Math.min(before, replicas));
          const started = actions.filter((one) => one.type === 'start').length;
          // What was started or had been starting is ready by the next look.
          workers = workers.map((one) => ({ ...one, status: 'ACTIVE', errorSince: undefined }));
          for (let i = 0; i < started; i++) workers.push(worker(`s${step}-${i}`, { generation: 2 }));
        }
        expect(workers.filter((one) => one.generation === 2)).toHaveLength(replicas);
        expect(workers).toHaveLength(replicas);
      }),
    );
  });
});

describe('restartDelayMs', () => {
  it('is nothing at first, then doubles up to half a minute', () => {
    expect([1, 2, 3, 4].map(restartDelayMs)).toEqual([0, 250, 500, 1_000]);
    expect(restartDelayMs(50)).toBe(30_000);
  });
});
