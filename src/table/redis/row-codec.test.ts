/** What Redis keeps as text is read as it was, also where an older release wrote it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkerLoad } from '../load-statement.ts';
import { decodeLoads, decodeRecord, decodeRow, encodeLoads } from './row-codec.ts';

const LOAD: WorkerLoad = {
  id_worker: 'fraud-1-3k1x',
  in_flight: 3,
  completed: 1204,
  failed: 0,
  latency_ms: 1.25,
  reachable: true,
  ejected: '',
};

describe('loads', () => {
  it('are a line a worker, with the reason behind where it is ejected', () => {
    expect(encodeLoads([LOAD, { ...LOAD, reachable: false, ejected: '5 failures in a row' }])).toBe(
      'fraud-1-3k1x 3 1204 0 1.25 1\nfraud-1-3k1x 3 1204 0 1.25 0 5 failures in a row\n',
    );
  });

  it('are read from lines that know of no reason', () => {
    expect(decodeLoads('fraud-1-3k1x 3 1204 0 1.25 1\n')).toEqual([LOAD]);
  });

  it('stay apart whatever the reasons say', () => {
    const reason = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string({ unit: fc.constantFrom('x', ' ', '\n', '\r', '\u2028', '1'), maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.array(reason, { maxLength: 5 }), (reasons) => {
        const loads = reasons.map((ejected, i) => ({ ...LOAD, id_worker: `w${i}`, ejected }));
        const read = decodeLoads(encodeLoads(loads));
        const shown = reasons.map((text) => text.slice(0, 200).replaceAll(/\s/g, ' '));
        expect(read).toEqual(loads.map((load, i) => ({ ...load, ejected: shown[i] })));
      }),
    );
  });
});

it('a row without a weight has 1', () => {
  const fields = new Map([
    ['id_worker', 'w1'],
    ['status', 'ACTIVE'],
  ]);
  expect(decodeRow(fields)?.weight).toBe(1);
  expect(decodeRow(fields.set('weight', '40'))?.weight).toBe(40);
});

it('a record that does not say is idempotent', () => {
  const fields = new Map([
    ['id_model', 'fraud'],
    ['state', 'READY'],
  ]);
  expect(decodeRecord(fields)?.idempotent).toBe(true);
  expect(decodeRecord(fields.set('idempotent', '0'))?.idempotent).toBe(false);
});
