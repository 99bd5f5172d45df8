/**
 * Items that each have a deadline: a hashed timing wheel (Varghese & Lauck 1987), in which an item is added and removed
 * in constant time. An item whose deadline lies more than a turn ahead is passed over until its turn has come. Pure.
 */
import { LinkedList, type ListPlace, newListPlace } from './linked-list.ts';

export interface WheelPlace<Item> {
  readonly at: ListPlace<Item>;
  slot: number;
  expiresAt: number;
}

export function newWheelPlace<Item>(): WheelPlace<Item> {
  return { at: newListPlace(), slot: 0, expiresAt: 0 };
}

export class DeadlineWheel<Item extends object> {
  readonly #granularityMs: number;
  readonly #placeOf: (item: Item) => WheelPlace<Item>;
  readonly #slots: readonly LinkedList<Item>[];
  /** The last whole step of time of which all items were taken. */
  #doneStep: number | undefined;
  #size = 0;

  /** @param placeOf an item's place in wheels of this kind; it is in one of them at a time */
  constructor(granularityMs: number, slots: number, placeOf: (item: Item) => WheelPlace<Item>) {
    this.#granularityMs = granularityMs;
    this.#placeOf = placeOf;
    this.#slots = Array.from({ length: slots }, () => new LinkedList<Item>((item) => placeOf(item).at));
  }

  get size(): number {
    return this.#size;
  }

  add(item: Item, expiresAtMs: number, nowMs: number): void {
    this.#doneStep ??= this.#stepOf(nowMs) - 1;
    const place = this.#placeOf(item);
    place.expiresAt = expiresAtMs;
    // In the step after its deadline, so that a step is over when its items are taken; never in one that is done.
    place.slot = Math.max(this.#stepOf(expiresAtMs) + 1, this.#doneStep + 1) % this.#slots.length;
    this.#list(place.slot).add(item);
    this.#size++;
  }

  /** Takes an item out; false when it is not here. */
  remove(item: Item): boolean {
    if (!this.#list(this.#placeOf(item).slot).remove(item)) return false;
    this.#size--;
    return true;
  }

  /** Takes out all whose deadline has passed; never early, late by less than two steps and the time between calls. */
  takeExpired(nowMs: number): Item[] {
    const expired: Item[] = [];
    const nowStep = this.#stepOf(nowMs);
    const done = this.#doneStep ?? nowStep - 1;
    // One turn sees every slot, however long ago the last call was.
    const steps = Math.min(nowStep - done, this.#slots.length);
    for (let step = nowStep - steps + 1; step <= nowStep; step++) this.#takeFrom(step, nowMs, expired);
    this.#doneStep = Math.max(done, nowStep);
    return expired;
  }

  #takeFrom(step: number, nowMs: number, expired: Item[]): void {
    const list = this.#list(step % this.#slots.length);
    for (let item = list.first; item; ) {
      const next = list.next(item);
      if (this.#placeOf(item).expiresAt <= nowMs) {
        this.remove(item);
        expired.push(item);
      }
      item = next;
    }
  }

  #stepOf(ms: number): number {
    return Math.floor(ms / this.#granularityMs);
  }

  #list(slot: number): LinkedList<Item> {
    return this.#slots[slot] as LinkedList<Item>;
  }
}
