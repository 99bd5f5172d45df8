/**
 * A list through the items themselves, which makes no garbage. Pure.
 *
 * An item that leaves forgets its neighbours: a dead item that pointed to a younger one would keep it, and all behind
 * it, alive for the garbage collector.
 */

/** Where an item stands in one list; an item has one of these for each kind of list that it may be in. */
export interface ListPlace<Item> {
  list: object | undefined;
  previous: Item | undefined;
  next: Item | undefined;
}

export function newListPlace<Item>(): ListPlace<Item> {
  return { list: undefined, previous: undefined, next: undefined };
}

export class LinkedList<Item extends object> {
  readonly #placeOf: (item: Item) => ListPlace<Item>;
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  /** @param placeOf which of an item's places is for lists of this kind; it is in one of them at a time */
  constructor(placeOf: (item: Item) => ListPlace<Item>) {
    this.#placeOf = placeOf;
  }

  get size(): number {
    return this.#size;
  }

  get first(): Item | undefined {
    return this.#first;
  }

  get last(): Item | undefined {
    return this.#last;
  }

  /** The one behind an item of this list. */
  next(item: Item): Item | undefined {
    return this.#placeOf(item).next;
  }

  /** The one before an item of this list. */
  previous(item: Item): Item | undefined {
    return this.#placeOf(item).previous;
  }

  /** Adds at the end an item that is in no list of this kind. */
  add(item: Item): void {
    this.addBehind(item, this.#last);
  }

  /** Adds an item that is in no list of this kind behind one of this list, or in front of all. */
  addBehind(item: Item, previous: Item | undefined): void {
    const place = this.#placeOf(item);
    const before = previous && this.#placeOf(previous);
    const next = before ? before.next : this.#first;
    place.list = this;
    place.previous = previous;
    place.next = next;
    if (before) before.next = item;
    else this.#first = item;
    if (next) this.#placeOf(next).previous = item;
    else this.#last = item;
    this.#size++;
  }

  /** Takes an item out, wherever it stands; false when it is not here. */
  remove(item: Item): boolean {
    const place = this.#placeOf(item);
    if (place.list !== this) return false;
    const { previous, next } = place;
    if (previous) this.#placeOf(previous).next = next;
    else this.#first = next;
    if (next) this.#placeOf(next).previous = previous;
    else this.#last = previous;
    place.list = undefined;
    place.previous = undefined;
    place.next = undefined;
    this.#size--;
    return true;
  }
}
