/** The watchdog's decisions, case by case. */
import { describe, expect, it } from 'vitest';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { decideStatusChanges } from './decide-status-changes.ts';

const row = (more: Partial<WorkerRow> = {}): WorkerRow => ({
  id_worker: 'w1',
  id_model: 'fraud',
  version: '1',
  endpoint: 'turntable://h:1',
  slots: 1,
  node: 'n',
  pid: 1,
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
});

const decide = (one: WorkerRow, statements: WorkerLoad[] = [], now = 10_000) =>
  decideStatusChanges({ workers: [{ row: one, statements }], now, silentMs: 3_000 });

describe('decideStatusChanges', () => {
  it('leaves a worker alone that gives signs of life', () => {
    expect(decide(row(), [says(true)])).toEqual([]);
    expect(decide(row(), [], 13_000)).toEqual([]);
  });

  it('takes a silent worker out', () => {
    expect(decide(row(), [says(true)], 13_001)).toEqual([
      { id_worker: 'w1', from: 'ACTIVE', to: 'ERROR', reason: 'silent for 3001 ms' },
    ]);
  });

  it('takes out a worker that no gateway reaches, and leaves one that a single gateway does not', () => {
    expect(decide(row(), [says(false), says(false)])).toMatchObject([{ to: 'ERROR' }]);
    expect(decide(row(), [says(false), says(true)])).toEqual([]);
  });

  it('lets a worker back that is heard and reached again', () => {
    const lost = row({ status: 'ERROR' });
    expect(decide(lost, [says(true)])).toEqual([
      { id_worker: 'w1', from: 'ERROR', to: 'ACTIVE', reason: '' },
    ]);
    expect(decide(lost, [says(false)])).toEqual([]);
    expect(decide(lost, [says(true)], 20_000)).toEqual([]);
  });

  it('has no say over workers that start or drain', () => {
    expect(decide(row({ status: 'INACTIVE' }), [says(false)], 99_000)).toEqual([]);
    expect(decide(row({ status: 'UPDATING' }), [says(false)], 99_000)).toEqual([]);
  });
});
