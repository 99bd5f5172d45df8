/**
 * A first-in-first-out set, bounded in number and in time: requests that wait, or requests under way. Pure.
 *
 * A linked list through the items themselves, which makes no garbage. An item that leaves forgets its neighbours:
 * a dead item that pointed to a younger one would keep it, and all behind it, alive for the garbage collector.
 */

/** Where an item stands in one queue; an item has one of these for each queue that it may be in. */
export interface QueuePlace<Item> {
  queue: object | undefined;
  previous: Item | undefined;
  next: Item | undefined;
  expiresAt: number;
}

export function newPlace<Item>(): QueuePlace<Item> {
  return { queue: undefined, previous: undefined, next: undefined, expiresAt: 0 };
}

export class ExpiringQueue<Item extends object> {
  readonly #maxItems: number;
  readonly #maxAgeMs: number;
  readonly #placeOf: (item: Item) => QueuePlace<Item>;
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  /**
   * @param placeOf which of an item's places is for queues of this kind; it is in one of them at a time
   */
  constructor(maxItems: number, maxAgeMs: number, placeOf: (item: Item) => QueuePlace<Item>) {
    this.#maxItems = maxItems;
    this.#maxAgeMs = maxAgeMs;
    this.#placeOf = placeOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds at the end; false when the queue is full. */
  offer(item: Item, nowMs: number): boolean {
    if (this.#size >= this.#maxItems) return false;
    const place = this.#placeOf(item);
    place.queue = this;
    // With one maximal age for all, the order of arrival is also the order in which they expire.
    place.expiresAt = nowMs + this.#maxAgeMs;
    place.previous = this.#last;
    if (this.#last) this.#placeOf(this.#last).next = item;
    else this.#first = item;
    this.#last = item;
    this.#size++;
    return true;
  }

  /** The oldest item without taking it. */
  peek(): Item | undefined {
    return this.#first;
  }

  /** Takes an item out, wherever it stands; false when it is not here. */
  remove(item: Item): boolean {
    const place = this.#placeOf(item);
    if (place.queue !== this) return false;
    const { previous, next } = place;
    if (previous) this.#placeOf(previous).next = next;
    else this.#first = next;
    if (next) this.#placeOf(next).previous = previous;
    else this.#last = previous;
    place.queue = undefined;
    place.previous = undefined;
    place.next = undefined;
    this.#size--;
    return true;
  }

  /** Takes out all that are too old. */
  takeExpired(nowMs: number): Item[] {
    const expired: Item[] = [];
    for (let item = this.#first; item && this.#placeOf(item).expiresAt <= nowMs; item = this.#first) {
      this.remove(item);
      expired.push(item);
    }
    return expired;
  }

  /** Takes out everything. */
  takeAll(): Item[] {
    return this.takeExpired(Number.POSITIVE_INFINITY);
  }
}
