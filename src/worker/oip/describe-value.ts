/** Says what a client sent in a few characters, so that an error message stays short whatever the request holds. */

const LONGEST_QUOTE = 64;
const MOST_DIMS = 8;

/** A name as it stands in JSON, cut where it is long. */
export function quote(name: string): string {
  return JSON.stringify(name.length <= LONGEST_QUOTE ? name : `${name.slice(0, LONGEST_QUOTE)}…`);
}

export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

export function describeShape(shape: readonly unknown[]): string {
  const dims = shape.slice(0, MOST_DIMS).map((dim) => (Array.isArray(dim) ? '[…]' : describeValue(dim)));
  if (shape.length > MOST_DIMS) dims.push('…');
  return `[${dims.join(',')}]`;
}
