/** The watchdog's decisions, case by case. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow, WorkerStatus } from '../table/worker-row.ts';
import { decideStatusChanges, type WatchdogObservation } from './decide-status-changes.ts';

const row = (more: Partial<WorkerRow> = {}): WorkerRow => ({
  id_worker: 'w1',
  id_model: 'fraud',
  version: '1',
  endpoint: 'turntable://h:1',
  slots: 1,
  node: 'n',
  pid: 1,
  supervised: true,
  revision: 'r',
  weight: 1,
  status: 'ACTIVE',
  current_requests: 0,
  avg_latency_ms: 0,
  last_activity: 10_000,
  registered_at: 0,
  error_count: 0,
  rss_bytes: 0,
  reason: '',
  ...more,
});

const says = (reachable: boolean, ejected = ''): WorkerLoad => ({
  id_worker: 'w1',
  in_flight: 0,
  completed: 0,
  failed: 0,
  latency_ms: 0,
  reachable,
  ejected,
});

const decide = (one: WorkerRow, statements: WorkerLoad[] = [], more: Partial<WatchdogObservation> = {}) =>
  decideStatusChanges({
    workers: [{ row: one, statements }],
    now: 10_000,
    since: 0,
    silentMs: 3_000,
    errorGraceMs: 30_000,
    ...more,
  });

describe('decideStatusChanges', () => {
  it('leaves a worker alone that gives signs of life', () => {
    expect(decide(row(), [says(true)])).toEqual([]);
    expect(decide(row(), [], { now: 13_000 })).toEqual([]);
  });

  it('takes a silent worker out that no gateway reaches', () => {
    const out = {
      type: 'transition',
      id_worker: 'w1',
      from: 'ACTIVE',
      to: 'ERROR',
      reason: 'silent for 3001 ms',
    };
    expect(decide(row(), [], { now: 13_001 })).toEqual([out]);
    expect(decide(row(), [says(false)], { now: 13_001 })).toEqual([out]);
  });

  it('leaves a worker in traffic that gateways reach, whatever has become of its way to the table', () => {
    expect(decide(row(), [says(false), says(true)], { now: 99_000 })).toEqual([]);
  });

  it('takes out a worker that no gateway reaches, and leaves one that a single gateway does not', () => {
    expect(decide(row(), [says(false), says(false)])).toMatchObject([{ to: 'ERROR' }]);
    expect(decide(row(), [says(false), says(true)])).toEqual([]);
  });

  it('CT6: what was not heard while the table was away counts against nobody', () => {
    expect(decide(row(), [], { now: 99_000, since: 97_000 })).toEqual([]);
    expect(decide(row(), [], { now: 99_000, since: 95_999 })).toMatchObject([{ to: 'ERROR' }]);
  });

  it('CT7: a clock of the table that was set back makes nobody live for ever', () => {
    const future = row({ last_activity: 3_600_000 });
    expect(decide(future, [], { now: 12_000, since: 10_000 })).toEqual([]);
    expect(decide(future, [], { now: 13_001, since: 10_000 })).toMatchObject([{ to: 'ERROR' }]);
  });

  it('CT7: a sign of life that is a little ahead of the view is one, however long the table has been there', () => {
    expect(decide(row({ last_activity: 99_100 }), [], { now: 99_000, since: 10_000 })).toEqual([]);
    expect(decide(row({ last_activity: 99_999, status: 'INACTIVE' }), [], { now: 99_000 })).toEqual([]);
  });

  it('lets a worker back that is heard or reached again', () => {
    const lost = row({ status: 'ERROR' });
    const back = { type: 'transition', id_worker: 'w1', from: 'ERROR', to: 'ACTIVE', reason: '' };
    expect(decide(lost, [says(true)])).toEqual([back]);
    expect(decide(lost, [])).toEqual([back]);
    expect(decide(lost, [says(false)])).toEqual([]);
  });

  it('does not change the status of workers that start or drain', () => {
    expect(decide(row({ status: 'INACTIVE' }), [says(false)])).toEqual([]);
    expect(decide(row({ status: 'UPDATING' }), [says(false)])).toEqual([]);
  });

  it('removes the rows of those that died while they started or drained, or were dead for long', () => {
    const remove = [{ type: 'remove', id_worker: 'w1' }];
    for (const status of ['INACTIVE', 'UPDATING'] as const) {
      expect(decide(row({ status }), [says(false)], { now: 13_001 })).toMatchObject(remove);
      expect(decide(row({ status }), [says(true)], { now: 99_000 })).toEqual([]);
    }
    expect(decide(row({ status: 'ERROR' }), [], { now: 40_000 })).toEqual([]);
    expect(decide(row({ status: 'ERROR' }), [], { now: 40_001 })).toMatchObject(remove);
  });

  const EJECTED = says(true, '5 failures in a row');

  /** Workers of one version, each in a status and ejected by some of two gateways. */
  const decideAll = (
    ...fleet: readonly [status: WorkerStatus, ejecting: number, more?: Partial<WorkerRow>][]
  ) =>
    decideStatusChanges({
      workers: fleet.map(([status, ejecting, more], i) => ({
        row: row({ id_worker: `w${i}`, status, ...more }),
        statements: [0, 1].map((gateway) => (gateway < ejecting ? EJECTED : says(true))),
      })),
      ...{ now: 10_000, since: 0, silentMs: 3_000, errorGraceMs: 30_000 },
    }).map((action) => `${action.id_worker} ${action.type === 'transition' ? action.to : action.type}`);

  it('takes out a worker that is reached and ejected, and says why', () => {
    const other = { row: row({ id_worker: 'w2' }), statements: [] };
    const of = (...statements: WorkerLoad[]) =>
      decide(row(), [], { workers: [{ row: row(), statements }, other] });
    const out = { type: 'transition', id_worker: 'w1', from: 'ACTIVE', to: 'ERROR' };
    expect(of(EJECTED)).toEqual([{ ...out, reason: 'ejected: 5 failures in a row' }]);
    const by = 'ejected by 2 of 3 gateways: 5 failures in a row';
    expect(of(says(true), EJECTED, EJECTED)).toEqual([{ ...out, reason: by }]);
    // Who cannot reach it has trouble of its own.
    expect(of(says(true), says(false, '5 failures in a row'))).toEqual([]);
  });

  it('takes no worker out that less than half of the gateways have ejected', () => {
    expect(decideAll(['ACTIVE', 1], ['ACTIVE', 0])).toEqual(['w0 ERROR']);
    const three = [EJECTED, says(true), says(true)];
    const other = { row: row({ id_worker: 'w2' }), statements: [] };
    expect(decide(row(), [], { workers: [{ row: row(), statements: three }, other] })).toEqual([]);
  });

  it('leaves a worker out for as long as it is ejected, and lets it back then', () => {
    expect(decideAll(['ERROR', 1], ['ACTIVE', 0])).toEqual([]);
    expect(decideAll(['ERROR', 0], ['ACTIVE', 0])).toEqual(['w0 ACTIVE']);
  });

  it('removes no worker for silence that is merely ejected', () => {
    const other = { row: row({ id_worker: 'w2' }), statements: [says(true)] };
    const lost = { row: row({ status: 'ERROR', last_activity: 0 }), statements: [EJECTED] };
    expect(decide(row(), [], { workers: [lost, other], now: 99_000 })).toEqual([]);
  });

  it('takes out no more than half of the workers that a version has left, however many are ejected', () => {
    expect(decideAll(['ACTIVE', 2])).toEqual([]);
    expect(decideAll(['ACTIVE', 2], ['ACTIVE', 2], ['ACTIVE', 2])).toEqual(['w0 ERROR']);
    expect(decideAll(['ACTIVE', 1], ['ACTIVE', 2], ['ACTIVE', 1], ['ACTIVE', 2])).toEqual([
      'w1 ERROR',
      'w3 ERROR',
    ]);
    // Those on their way in or out do not count, nor do those of another version.
    expect(decideAll(['ACTIVE', 2], ['INACTIVE', 0], ['UPDATING', 0])).toEqual([]);
    expect(
      decideAll(['ACTIVE', 2], ['ACTIVE', 0, { version: '2' }], ['ACTIVE', 0, { id_model: 'other' }]),
    ).toEqual([]);
  });

  it('does not have ejected workers take turns', () => {
    expect(decideAll(['ACTIVE', 2], ['ERROR', 1], ['ACTIVE', 2])).toEqual([]);
  });

  it('lets ejected workers back when those that were left are lost', () => {
    const gone = { row: row({ id_worker: 'w2' }), statements: [says(false)] };
    const ejected = { row: row({ status: 'ERROR' }), statements: [EJECTED] };
    expect(decide(row(), [], { workers: [ejected, gone] })).toMatchObject([
      { id_worker: 'w1', to: 'ACTIVE' },
      { id_worker: 'w2', to: 'ERROR' },
    ]);
  });

  it('leaves at least half of a version in traffic over all of its life, whatever the gateways eject', () => {
    const statement = fc.record({
      reachable: fc.constant(true),
      ejected: fc.constantFrom('', 'slow', 'failing'),
    });
    const votes = fc.array(statement, { minLength: 1, maxLength: 4 });
    const rounds = fc.array(fc.array(votes, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(rounds, (said) => {
        const statuses: WorkerStatus[] = said[0]?.map(() => 'ACTIVE') ?? [];
        for (const round of said) {
          const workers = round.map((all, i) => ({
            row: row({ id_worker: String(i), status: statuses[i] as WorkerStatus }),
            statements: all.map(({ reachable, ejected }) => says(reachable, ejected)),
          }));
          for (const action of decide(row(), [], { workers })) {
            if (action.type === 'transition') statuses[Number(action.id_worker)] = action.to;
          }
          expect(statuses.filter((status) => status === 'ACTIVE').length).toBeGreaterThanOrEqual(3);
        }
      }),
    );
  });
});
