/**
 * Items that each have a deadline: a hashed timing wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels",
 * SOSP 1987, scheme 6), in which an item is added and removed in constant time. One whose deadline lies more than a turn
 * ahead is passed over until its turn has come. Pure.
 */
import { LinkedList, type ListPlace, newListPlace } from './linked-list.ts';

/** Where an item stands in a wheel of this kind. */
export interface WheelPlace<Item> extends ListPlace<Item> {
  step: number;
}

export function newWheelPlace<Item>(): WheelPlace<Item> {
  return { ...newListPlace<Item>(), step: 0 };
}

export class DeadlineWheel<Item extends object> {
  readonly #granularityMs: number;
  readonly #placeOf: (item: Item) => WheelPlace<Item>;
  /** Items by the step of time, modulo their number, at whose beginning they are taken. */
  readonly #slots: readonly LinkedList<Item>[];
  /** The last step of which all items were taken. */
  #doneStep = 0;
  #size = 0;

  /**
   * @param granularityMs the length of a step of time
   * @param slots steps in a turn
   * @param placeOf an item's place in wheels of this kind; it is in one of them at a time
   */
  constructor(granularityMs: number, slots: number, placeOf: (item: Item) => WheelPlace<Item>) {
    this.#granularityMs = granularityMs;
    this.#placeOf = placeOf;
    this.#slots = Array.from({ length: slots }, () => new LinkedList<Item>(placeOf));
  }

  get size(): number {
    return this.#size;
  }

  /** @param expiresAtMs by the clock of `nowMs`, which starts at 0 or later and does not go back; finite */
  add(item: Item, expiresAtMs: number, nowMs: number): void {
    // An empty wheel has nothing to catch up with.
    if (this.#size === 0) this.#doneStep = Math.floor(nowMs / this.#granularityMs);
    // The first step that begins when it has expired, as none is taken early; and one that is yet to come.
    const step = Math.max(this.#doneStep + 1, Math.ceil(expiresAtMs / this.#granularityMs));
    this.#placeOf(item).step = step;
    this.#slot(step).add(item);
    this.#size++;
  }

  /** Takes an item out; false when it is not here. */
  remove(item: Item): boolean {
    if (!this.#slot(this.#placeOf(item).step).remove(item)) return false;
    this.#size--;
    return true;
  }

  /** Takes out all whose time has come; never early, late by the granularity and the time between calls at most. */
  takeExpired(nowMs: number): Item[] {
    const expired: Item[] = [];
    const nowStep = Math.floor(nowMs / this.#granularityMs);
    // One turn passes every slot, however long ago the last call was.
    const firstStep = Math.max(this.#doneStep + 1, nowStep - this.#slots.length + 1);
    for (let step = firstStep; step <= nowStep && this.#size > 0; step++) {
      const slot = this.#slot(step);
      for (let item = slot.first, next: Item | undefined; item; item = next) {
        next = slot.next(item);
        if (this.#placeOf(item).step > nowStep) continue;
        this.remove(item);
        expired.push(item);
      }
    }
    this.#doneStep = Math.max(this.#doneStep, nowStep);
    return expired;
  }

  #slot(step: number): LinkedList<Item> {
    return this.#slots[step % this.#slots.length] as LinkedList<Item>;
  }
}
