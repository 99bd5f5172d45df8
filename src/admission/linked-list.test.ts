/** The list keeps order wherever items come in and go out, and no item that left keeps others alive. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkedList, type ListPlace, newListPlace } from './linked-list.ts';

interface Item {
  readonly name: string;
  readonly place: ListPlace<Item>;
}

const item = (name: string): Item => ({ name, place: newListPlace() });
const newList = () => new LinkedList<Item>((one) => one.place);

function forwards(list: LinkedList<Item>): string[] {
  const names: string[] = [];
  for (let one = list.first; one; one = list.next(one)) names.push(one.name);
  return names;
}

function backwards(list: LinkedList<Item>): string[] {
  const names: string[] = [];
  for (let one = list.last; one; one = list.previous(one)) names.push(one.name);
  return names;
}

describe('LinkedList', () => {
  it('does not take out what stands in another list', () => {
    const [one, other] = [newList(), newList()];
    const a = item('a');
    one.add(a);
    expect(other.remove(a)).toBe(false);
    expect(one.size).toBe(1);
  });

  it('is, whatever is added and removed, as an array would be', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), at: fc.constant(0) }),
      fc.record({ kind: fc.constantFrom('insert' as const, 'remove' as const), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = newList();
        const expected: Item[] = [];
        for (const [n, { kind, at }] of steps.entries()) {
          const index = at % (expected.length + 1);
          if (kind === 'remove') {
            const [removed] = expected.splice(index, 1);
            if (!removed) continue;
            expect(list.remove(removed)).toBe(true);
            expect(list.remove(removed)).toBe(false);
            expect(removed.place).toEqual({ list: undefined, previous: undefined, next: undefined });
          } else {
            const added = item(String(n));
            if (kind === 'add') list.add(added);
            else list.addBehind(added, expected[index - 1]);
            expected.splice(kind === 'add' ? expected.length : index, 0, added);
          }
          const names = expected.map(({ name }) => name);
          expect(forwards(list)).toEqual(names);
          expect(backwards(list)).toEqual(names.reverse());
          expect(list.size).toBe(expected.length);
        }
      }),
    );
  });
});
