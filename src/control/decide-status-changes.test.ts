/** The watchdog's decisions, case by case. */
import { describe, expect, it } from 'vitest';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow } from '../table/worker-row.ts';
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

const says = (reachable: boolean): WorkerLoad => ({
  id_worker: 'w1',
  in_flight: 0,
  completed: 0,
  failed: 0,
  latency_ms: 0,
  reachable,
  ejected: '',
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
});
