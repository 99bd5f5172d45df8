/**
 * What is under way on a connection, by stream number.
 *
 * A Map would do, but for the garbage it makes when entries come and go by the ten thousand a second: each rehash
 * leaves its old table pointing to the next one, and once one of them has grown old all that they ever held stays
 * alive until the whole heap is marked (measured: three quarters of the young generation survived each collection).
 */

/** Streams are numbered one after the other, so that so many under way at once hardly ever meet in a slot. */
const SLOTS = 1024;
const MASK = SLOTS - 1;

export class StreamTable<Value extends object> {
  readonly #values = new Array<Value | undefined>(SLOTS).fill(undefined);
  readonly #streams = new Uint32Array(SLOTS);
  /** Those whose slot was taken. */
  readonly #others = new Map<number, Value>();
  #size = 0;
  #next = 1;

  get size(): number {
    return this.#size;
  }

  get(stream: number): Value | undefined {
    const slot = stream & MASK;
    const value = this.#values[slot];
    if (value !== undefined && this.#streams[slot] === stream) return value;
    return this.#others.size > 0 ? this.#others.get(stream) : undefined;
  }

  has(stream: number): boolean {
    return this.get(stream) !== undefined;
  }

  /** The number after the last one, of those that are not in the table. */
  nextFree(): number {
    for (;;) {
      const stream = this.#next;
      this.#next = stream === 0xffffffff ? 1 : stream + 1;
      if (!this.has(stream)) return stream;
    }
  }

  /** Adds a stream that is not in the table. */
  add(stream: number, value: Value): void {
    const slot = stream & MASK;
    if (this.#values[slot] === undefined) {
      this.#values[slot] = value;
      this.#streams[slot] = stream;
    } else {
      this.#others.set(stream, value);
    }
    this.#size++;
  }

  /** Takes a stream out; what it held, or undefined. */
  take(stream: number): Value | undefined {
    const slot = stream & MASK;
    const value = this.#values[slot];
    if (value !== undefined && this.#streams[slot] === stream) {
      this.#values[slot] = undefined;
      this.#size--;
      return value;
    }
    const other = this.#others.get(stream);
    if (other !== undefined) {
      this.#others.delete(stream);
      this.#size--;
    }
    return other;
  }

  /** All of them, in no order. */
  entries(): [stream: number, value: Value][] {
    const entries: [number, Value][] = [...this.#others];
    for (const [slot, value] of this.#values.entries()) {
      if (value !== undefined) entries.push([this.#streams[slot] as number, value]);
    }
    return entries;
  }
}
