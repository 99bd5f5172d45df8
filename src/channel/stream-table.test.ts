/** The stream table is a map, whatever numbers meet in a slot. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StreamTable } from './stream-table.ts';

it('holds what a map would hold', () => {
  // Few low bits and some high ones, so that streams meet in slots all the time.
  const stream = fc.tuple(fc.nat(3), fc.nat(4)).map(([low, high]) => high * 1024 + low);
  const step = fc.record({ op: fc.constantFrom('add', 'take', 'get'), stream });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new StreamTable<{ n: number }>();
      const map = new Map<number, { n: number }>();
      for (const [n, { op, stream: at }] of steps.entries()) {
        if (op === 'add' && !map.has(at)) {
          map.set(at, { n });
          table.add(at, map.get(at) as { n: number });
        } else if (op === 'take') {
          expect(table.take(at)).toBe(map.get(at));
          map.delete(at);
        } else {
          expect(table.get(at)).toBe(map.get(at));
          expect(table.has(at)).toBe(map.has(at));
        }
        expect(table.size).toBe(map.size);
      }
      const byStream = (a: [number, object], b: [number, object]) => a[0] - b[0];
      expect(table.entries().sort(byStream)).toEqual([...map].sort(byStream));
    }),
  );
});
