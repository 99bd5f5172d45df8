/** The contract of the process control table: one suite for every implementation, by the numbers of docs/spec.md. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ControlTable, TableChange } from '../../src/table/control-table.ts';
import type { LoadStatement, WorkerLoad } from '../../src/table/load-statement.ts';
import {
  isLegalTransition,
  isRemovable,
  WORKER_STATUSES,
  type WorkerRegistration,
  type WorkerStatus,
} from '../../src/table/worker-row.ts';
import { eventually } from '../support/eventually.ts';

/** A table under test, with a clock that the test moves. */
export interface TableUnderTest {
  readonly table: ControlTable;
  /** Moves the table's clock on. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

function registration(id_worker: string, id_model = 'fraud'): WorkerRegistration {
  return {
    id_worker,
    id_model,
    version: '1',
    endpoint: `turntable+unix:///run/${id_worker}.sock`,
    slots: 128,
    node: 'node-a',
    pid: 100,
    supervised: true,
    revision: 'r1',
    weight: 1,
  };
}

function statement(id_gateway: string, loads: readonly WorkerLoad[]): LoadStatement {
  return { id_gateway, node: 'node-g', pid: 7, address: 'http://gateway:8080', loads };
}

function load(id_worker: string, in_flight: number, more: Partial<WorkerLoad> = {}): WorkerLoad {
  return {
    id_worker,
    in_flight,
    completed: 0,
    failed: 0,
    latency_ms: 0,
    reachable: true,
    ejected: '',
    ...more,
  };
}

/** Brings a fresh worker into a status by legal changes alone. */
async function bringTo(table: ControlTable, id_worker: string, status: WorkerStatus): Promise<void> {
  await table.register(registration(id_worker));
  if (status === 'INACTIVE') return;
  await table.transition(id_worker, 'INACTIVE', 'ACTIVE');
  if (status !== 'ACTIVE') await table.transition(id_worker, 'ACTIVE', status);
}

export function describeControlTable(name: string, create: () => Promise<TableUnderTest>): void {
  const withTable = async (use: (under: TableUnderTest) => Promise<void>): Promise<void> => {
    const under = await create();
    try {
      await use(under);
    } finally {
      await under.close();
    }
  };

  describe(`${name} keeps the contract of the control table`, () => {
    it('CT1: an id in use is not registered again', () =>
      withTable(async ({ table }) => {
        expect(await table.register(registration('w1'))).toBe('registered');
        expect(await table.register(registration('w1'))).toBe('reused');
        expect(table.view().workers).toHaveLength(1);
      }));

    it('CT1: an id is not used again after its row was removed', () =>
      withTable(async ({ table }) => {
        await table.register(registration('w1'));
        expect(await table.remove('w1')).toBe('removed');
        expect(await table.register(registration('w1'))).toBe('reused');
        expect(table.worker('w1')).toBeUndefined();
      }));

    for (const from of WORKER_STATUSES) {
      for (const to of WORKER_STATUSES) {
        const legal = isLegalTransition(from, to);
        it(`CT2: ${from} to ${to} is ${legal ? 'made' : 'refused'}`, () =>
          withTable(async ({ table }) => {
            await bringTo(table, 'w1', from);
            expect(await table.transition('w1', from, to, 'why')).toBe(legal ? 'changed' : 'illegal');
            expect(table.worker('w1')?.status).toBe(legal ? to : from);
            if (legal) expect(table.worker('w1')?.reason).toBe('why');
          }));
      }
    }

    for (const status of WORKER_STATUSES) {
      it(`CT2: a row that is ${status} is ${isRemovable(status) ? 'removed' : 'not removed'}`, () =>
        withTable(async ({ table }) => {
          await bringTo(table, 'w1', status);
          expect(await table.remove('w1')).toBe(isRemovable(status) ? 'removed' : 'illegal');
          expect(table.worker('w1') === undefined).toBe(isRemovable(status));
        }));
    }

    it('CT2: a change is refused when the row is not in the status that the caller believed', () =>
      withTable(async ({ table }) => {
        await bringTo(table, 'w1', 'UPDATING');
        expect(await table.transition('w1', 'ACTIVE', 'ERROR')).toBe('conflict');
        expect(await table.transition('nobody', 'ACTIVE', 'ERROR')).toBe('unknown');
        expect(await table.remove('nobody')).toBe('unknown');
      }));

    it('CT2: of changes that race from the same status exactly one is made', () =>
      withTable(async ({ table }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            table.transition('w1', 'ACTIVE', i % 2 === 0 ? 'ERROR' : 'UPDATING'),
          ),
        );
        expect(results.filter((result) => result === 'changed')).toHaveLength(1);
        expect(results.filter((result) => result === 'conflict')).toHaveLength(19);
      }));

    it('CT2: random races of changes only ever leave legal histories', () =>
      withTable(async ({ table }) => {
        const histories = new Map<string, WorkerStatus[]>();
        const unsubscribe = table.subscribe((change) => {
          if (change.kind !== 'worker') return;
          const status = table.worker(change.id_worker)?.status;
          const history = histories.get(change.id_worker) ?? [];
          if (status && history.at(-1) !== status) history.push(status);
          histories.set(change.id_worker, history);
        });
        const status = fc.constantFrom(...WORKER_STATUSES);
        let nextWorker = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(fc.tuple(status, status), { maxLength: 40 }), async (changes) => {
            const id = `race-${nextWorker++}`;
            await table.register(registration(id));
            await Promise.all(changes.map(([from, to]) => table.transition(id, from, to)));
          }),
          { numRuns: 50 },
        );
        unsubscribe();
        for (const history of histories.values()) {
          for (const [i, to] of history.slice(1).entries()) {
            expect(isLegalTransition(history[i] as WorkerStatus, to)).toBe(true);
          }
        }
      }));

    it('CT3: current_requests is the sum of what each gateway last said', () =>
      withTable(async ({ table }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        await table.state(statement('a', [load('w1', 7)]));
        await table.state(statement('b', [load('w1', 5)]));
        expect(table.worker('w1')?.current_requests).toBe(12);
        await table.state(statement('a', [load('w1', 1)]));
        expect(table.worker('w1')?.current_requests).toBe(6);
        await table.state(statement('a', []));
        expect(table.worker('w1')?.current_requests).toBe(5);
      }));

    it('CT3: the share of a gateway that stops speaking vanishes within 3 s, the others stay', () =>
      withTable(async ({ table, advance }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        await table.state(statement('dead', [load('w1', 100)]));
        await table.state(statement('alive', [load('w1', 3)]));
        await advance(2_000);
        await table.state(statement('alive', [load('w1', 4)]));
        expect(table.worker('w1')?.current_requests).toBe(104);
        await advance(1_001);
        expect(table.worker('w1')?.current_requests).toBe(4);
        expect(table.statementsOf('w1')).toHaveLength(1);
      }));

    it('CT3: a gateway that leaves in order takes its share with it at once', () =>
      withTable(async ({ table }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        await table.state(statement('a', [load('w1', 9)]));
        await table.retract('a');
        expect(table.worker('w1')?.current_requests).toBe(0);
      }));

    it('CT3: whatever is said, lapses and is withdrawn, current_requests is the live sum and never negative', () =>
      withTable(async ({ table, advance }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        const gateway = fc.constantFrom('a', 'b', 'c');
        const step = fc.oneof(
          fc.record({ op: fc.constant('state' as const), gateway, count: fc.nat(1_000) }),
          fc.record({ op: fc.constant('retract' as const), gateway }),
          // Steps whose sums keep away from 3 s: real time passes as well.
          fc.record({ op: fc.constant('advance' as const), ms: fc.nat(5).map((n) => 800 * n) }),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
            for (const id of ['a', 'b', 'c']) await table.retract(id);
            const said = new Map<string, { at: number; count: number }>();
            let now = 0;
            for (const one of steps) {
              if (one.op === 'state') {
                await table.state(statement(one.gateway, [load('w1', one.count)]));
                said.set(one.gateway, { at: now, count: one.count });
              } else if (one.op === 'retract') {
                await table.retract(one.gateway);
                said.delete(one.gateway);
              } else {
                await advance(one.ms);
                now += one.ms;
              }
              const live = [...said.values()].filter(({ at }) => now - at <= 3_000);
              expect(table.worker('w1')?.current_requests).toBe(
                live.reduce((sum, { count }) => sum + count, 0),
              );
            }
          }),
          { numRuns: 50 },
        );
      }));

    it('CT3: avg_latency_ms weighs each gateway by what it has seen', () =>
      withTable(async ({ table }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        await table.state(statement('a', [load('w1', 0, { latency_ms: 10, completed: 30, failed: 2 })]));
        await table.state(statement('b', [load('w1', 0, { latency_ms: 20, completed: 10, failed: 1 })]));
        expect(table.worker('w1')?.avg_latency_ms).toBeCloseTo(12.5);
        expect(table.worker('w1')?.error_count).toBe(3);
      }));

    it('tells what each gateway says of a worker, also why it keeps off it', () =>
      withTable(async ({ table }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        const off = load('w1', 1, {
          completed: 9,
          failed: 5,
          ejected: '5 failures in a row: "no", ünder load',
        });
        await table.state(statement('a', [off]));
        await table.state(statement('b', [load('w1', 2)]));
        expect(table.statementsOf('w1')).toEqual([off, load('w1', 2)]);
        await table.state(statement('a', [{ ...off, ejected: '' }]));
        expect(table.statementsOf('w1')).toEqual([{ ...off, ejected: '' }, load('w1', 2)]);
      }));

    it('CT7: last_activity is by the clock of the table', () =>
      withTable(async ({ table, advance }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        const registered = table.worker('w1')?.last_activity ?? 0;
        await advance(5_000);
        expect(table.view().now - registered).toBeGreaterThanOrEqual(5_000);
        await table.heartbeat({ id_worker: 'w1', rss_bytes: 1_000 });
        const beat = table.worker('w1')?.last_activity ?? 0;
        expect(table.view().now - beat).toBeLessThan(1_000);
        expect(beat - registered).toBeGreaterThanOrEqual(5_000);
      }));

    it('ignores signs of life of workers that it does not know', () =>
      withTable(async ({ table }) => {
        await table.heartbeat({ id_worker: 'nobody', rss_bytes: 1 });
        expect(table.view().workers).toEqual([]);
      }));

    it('tells subscribers of changes in their order, until they leave', () =>
      withTable(async ({ table }) => {
        const changes: TableChange[] = [];
        const unsubscribe = table.subscribe((change) => changes.push(change));
        await bringTo(table, 'w1', 'ACTIVE');
        await table.putModel(modelRecord());
        await table.removeModel('fraud', '1');
        unsubscribe();
        await table.transition('w1', 'ACTIVE', 'ERROR');
        expect(changes).toEqual([
          { kind: 'worker', id_worker: 'w1' },
          { kind: 'worker', id_worker: 'w1' },
          { kind: 'model', id_model: 'fraud' },
          { kind: 'model', id_model: 'fraud' },
        ]);
      }));

    it('keeps what a worker says of itself when it registers', () =>
      withTable(async ({ table }) => {
        const said = { ...registration('w1'), slots: 3, weight: 250, supervised: false };
        await table.register(said);
        expect(table.worker('w1')).toMatchObject(said);
        await table.transition('w1', 'INACTIVE', 'ACTIVE');
        expect(table.worker('w1')).toMatchObject(said);
      }));

    it('keeps a record a model version', () =>
      withTable(async ({ table }) => {
        await table.putModel(modelRecord());
        await table.putModel({ ...modelRecord(), state: 'READY' });
        await table.putModel({ ...modelRecord(), version: '2' });
        expect(table.view().models.map(({ version, state }) => [version, state])).toEqual([
          ['1', 'READY'],
          ['2', 'LOADING'],
        ]);
        await table.putModel({ ...modelRecord(), version: '2', idempotent: false });
        expect(table.view().models.map(({ idempotent }) => idempotent)).toEqual([true, false]);
        await table.removeModel('fraud', '1');
        expect(table.view().models.map(({ version }) => version)).toEqual(['2']);
      }));

    it('a worker that has loaded a version describes it; what it says stays when a controller does not know it', () =>
      withTable(async ({ table }) => {
        const signature = { inputs: [], outputs: [], batchable: true };
        const description = {
          id_model: 'fraud',
          version: '1',
          platform: 'onnxruntime_onnx',
          max_batch_size: 64,
          max_queue_delay_us: 0,
          idempotent: false,
          signature,
        };
        await table.describeModel(description);
        expect(table.view().models).toEqual([
          { ...description, state: 'READY', reason: '', replicas: 0, unloaded: false },
        ]);
        await table.putModel({ ...modelRecord(), state: 'UNAVAILABLE', unloaded: true });
        expect(table.view().models).toMatchObject([{ signature, state: 'UNAVAILABLE', unloaded: true }]);
        await table.describeModel(description);
        expect(table.view().models).toMatchObject([
          { state: 'READY', replicas: 2, unloaded: true, idempotent: false },
        ]);
        await table.putModel({ ...modelRecord(), state: 'UNLOADING' });
        await table.describeModel(description);
        expect(table.view().models).toMatchObject([{ state: 'UNLOADING' }]);
      }));

    it('answers a sign of life with what it has of the worker', () =>
      withTable(async ({ table }) => {
        const beat = { id_worker: 'w1', rss_bytes: 77 };
        expect(await table.heartbeat(beat)).toBe('unknown');
        await bringTo(table, 'w1', 'UPDATING');
        expect(await table.heartbeat(beat)).toBe('UPDATING');
        expect(table.worker('w1')?.rss_bytes).toBe(77);
        await table.remove('w1');
        expect(await table.heartbeat(beat)).toBe('removed');
      }));

    it('shows which gateways live, and tells each the load of the others', () =>
      withTable(async ({ table, advance }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        expect(table.liveGateways).toBe(1);
        await table.state(statement('a', [load('w1', 7)]));
        await advance(1_000);
        await table.state(statement('b', [load('w1', 5)]));
        expect(table.loadOfOthers('w1', 'a')).toBe(5);
        expect(table.loadOfOthers('w1', 'b')).toBe(7);
        expect(table.loadOfOthers('w1', 'c')).toBe(12);
        expect(table.loadOfOthers('w2', 'c')).toBe(0);
        expect(table.liveGateways).toBe(2);
        expect(table.view().gateways).toMatchObject([
          { id_gateway: 'a', node: 'node-g', pid: 7, address: 'http://gateway:8080' },
          { id_gateway: 'b' },
        ]);
        await advance(2_001);
        expect(table.view().gateways.map(({ id_gateway }) => id_gateway)).toEqual(['b']);
      }));

    it('has a controller act, and shows it', () =>
      withTable(async ({ table }) => {
        await bringTo(table, 'w1', 'ACTIVE');
        const heard: (number | undefined)[] = [];
        const candidate = { id_controller: 'c1', node: 'node-c', pid: 9 };
        const leadership = await table.campaign(candidate, (term) => heard.push(term));
        expect(leadership.acting).toBe(true);
        expect(heard).toEqual([1]);
        expect(await table.transition('w1', 'ACTIVE', 'ERROR')).toBe('changed');
        await eventually('the view', () => table.view().controllers.length > 0);
        expect(table.view().controllers).toMatchObject([{ ...candidate, acting: true }]);
        await leadership.resign();
      }));

    it('carries a command to whoever serves it, and the answer back', () =>
      withTable(async ({ table }) => {
        const never = new AbortController().signal;
        expect((await table.command({ action: 'load', id_model: 'm' }, never)).outcome).toBe('unavailable');
        const candidate = { id_controller: 'c1', node: 'n', pid: 1 };
        const leadership = await table.campaign(candidate, () => {});
        expect(leadership.acting).toBe(true);
        const stop = table.serveCommands(async ({ id, action, id_model }) => ({
          id,
          outcome: 'done',
          message: `${action} ${id_model}`,
        }));
        expect(await table.command({ action: 'load', id_model: 'm' }, never)).toMatchObject({
          outcome: 'done',
          message: 'load m',
        });
        stop();
        await leadership.resign();
        expect((await table.command({ action: 'load', id_model: 'm' }, never)).outcome).toBe('unavailable');
      }));

    it('gives up on a command that is not answered in time', () =>
      withTable(async ({ table }) => {
        const candidate = { id_controller: 'c1', node: 'n', pid: 1 };
        const leadership = await table.campaign(candidate, () => {});
        expect(leadership.acting).toBe(true);
        table.serveCommands(() => new Promise(() => {}));
        const result = await table.command({ action: 'load', id_model: 'm' }, AbortSignal.timeout(20));
        expect(result.outcome).toBe('timed_out');
        expect(result.message).toContain('in time');
      }));
  });
}

function modelRecord() {
  return {
    id_model: 'fraud',
    version: '1',
    state: 'LOADING',
    reason: '',
    platform: 'onnxruntime_onnx',
    replicas: 2,
    max_batch_size: 0,
    max_queue_delay_us: 0,
    idempotent: true,
    signature: undefined,
    unloaded: false,
  } as const;
}
