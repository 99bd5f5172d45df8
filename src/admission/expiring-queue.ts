/** A first-in-first-out set, bounded in number and in time: requests that wait, or requests under way. Pure. */

export class ExpiringQueue<Item> {
  readonly #maxItems: number;
  readonly #maxAgeMs: number;
  /** In order of arrival, which with one maximal age for all is also the order in which they expire. */
  readonly #expiry = new Map<Item, number>();

  constructor(maxItems: number, maxAgeMs: number) {
    this.#maxItems = maxItems;
    this.#maxAgeMs = maxAgeMs;
  }

  get size(): number {
    return this.#expiry.size;
  }

  /** Adds at the end; false when the queue is full. */
  offer(item: Item, nowMs: number): boolean {
    if (this.#expiry.size >= this.#maxItems) return false;
    this.#expiry.set(item, nowMs + this.#maxAgeMs);
    return true;
  }

  /** The oldest item without taking it. */
  peek(): Item | undefined {
    for (const item of this.#expiry.keys()) return item;
    return undefined;
  }

  /** Takes an item out, wherever it stands; false when it is not here. */
  remove(item: Item): boolean {
    return this.#expiry.delete(item);
  }

  /** Takes out all that are too old. */
  takeExpired(nowMs: number): Item[] {
    const expired: Item[] = [];
    for (const [item, at] of this.#expiry) {
      if (at > nowMs) break;
      expired.push(item);
    }
    for (const item of expired) this.#expiry.delete(item);
    return expired;
  }

  /** Takes out everything. */
  takeAll(): Item[] {
    const items = [...this.#expiry.keys()];
    this.#expiry.clear();
    return items;
  }
}
