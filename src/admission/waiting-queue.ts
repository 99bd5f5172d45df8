/**
 * The requests of one model version that wait for a worker: bounded in number, bytes and age, ordered by priority,
 * first in first out within one. Pure.
 */
import { LinkedList, type ListPlace, newListPlace } from './linked-list.ts';

/** Priorities are whole numbers from 0, the most important, to one less than this. */
export const PRIORITIES = 8;

/** Where an item stands in a queue of this kind. */
export interface WaitingPlace<Item> extends ListPlace<Item> {
  rank: number;
  bytes: number;
  sinceMs: number;
}

export function newWaitingPlace<Item>(): WaitingPlace<Item> {
  return { ...newListPlace<Item>(), rank: 0, bytes: 0, sinceMs: 0 };
}

export interface WaitingLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/**
 * Each priority has two lists, the first of which is of those put back. They were taken before any in the second, so
 * they are older; and since both are in the order of age, no old item is hidden behind a younger one. The rank of a list
 * is its position in that order: 2 × priority, plus 1 for those never taken.
 */
const RANKS = 2 * PRIORITIES;

export class WaitingQueue<Item extends object> {
  readonly #limits: WaitingLimits;
  readonly #placeOf: (item: Item) => WaitingPlace<Item>;
  readonly #lists: readonly LinkedList<Item>[];
  /** By rank. */
  readonly #listBytes = new Float64Array(RANKS);
  /** One bit by rank: which lists have items. */
  #occupied = 0;
  #size = 0;
  #bytes = 0;

  /** @param placeOf an item's place in queues of this kind; it is in one of them at a time */
  constructor(limits: WaitingLimits, placeOf: (item: Item) => WaitingPlace<Item>) {
    this.#limits = limits;
    this.#placeOf = placeOf;
    this.#lists = Array.from({ length: RANKS }, () => new LinkedList<Item>(placeOf));
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one more fits, perhaps once all that are less important have been displaced. */
  hasRoom(priority: number, bytes: number): boolean {
    if (this.#fits(this.#size, this.#bytes, bytes)) return true;
    let staying = 0;
    let stayingBytes = 0;
    for (let rank = 0; rank <= lastRank(priority); rank++) {
      staying += this.#list(rank).size;
      stayingBytes += this.#listBytes[rank] as number;
    }
    return this.#fits(staying, stayingBytes, bytes);
  }

  /** Adds behind its peers; false when full. Displaces nobody by itself. */
  offer(item: Item, priority: number, bytes: number, nowMs: number): boolean {
    if (!this.#fits(this.#size, this.#bytes, bytes)) return false;
    const rank = lastRank(priority);
    this.#add(item, rank, bytes, nowMs, this.#list(rank).last);
    return true;
  }

  /**
   * Takes out the youngest of the least important, if it is less important than `priority`. Whoever has room finds it
   * by displacing one after the other.
   */
  displace(priority: number): Item | undefined {
    const rank = 31 - Math.clz32(this.#occupied);
    if (rank <= lastRank(priority)) return undefined;
    const item = this.#list(rank).last as Item;
    this.remove(item);
    return item;
  }

  /**
   * Puts back one that had been taken and was not served, in front of its peers that were not taken yet. No bound holds
   * for it: it has been admitted.
   * @param waitingSinceMs when it began to wait
   */
  putBack(item: Item, priority: number, bytes: number, waitingSinceMs: number): void {
    const rank = 2 * priority;
    const list = this.#list(rank);
    // From the end, as a worker that is lost gives back what it had in the order in which it got it.
    let before = list.last;
    while (before && this.#placeOf(before).sinceMs > waitingSinceMs) before = list.previous(before);
    this.#add(item, rank, bytes, waitingSinceMs, before);
  }

  /** The most important, and of these the oldest, without taking it. */
  peek(): Item | undefined {
    if (this.#occupied === 0) return undefined;
    return this.#list(31 - Math.clz32(this.#occupied & -this.#occupied)).first;
  }

  /** Takes an item out, wherever it stands; false when it is not here. */
  remove(item: Item): boolean {
    const { rank, bytes } = this.#placeOf(item);
    const list = this.#list(rank);
    if (!list.remove(item)) return false;
    if (list.size === 0) this.#occupied &= ~(1 << rank);
    this.#listBytes[rank]! -= bytes;
    this.#size--;
    this.#bytes -= bytes;
    return true;
  }

  /** How many wait that would go before a new one of this priority. */
  ahead(priority: number): number {
    let ahead = 0;
    for (let rank = 0; rank <= lastRank(priority); rank++) ahead += this.#list(rank).size;
    return ahead;
  }

  /** Takes out those that have waited for as long as any may, the more important first. */
  takeAged(nowMs: number): Item[] {
    const latestMs = nowMs - this.#limits.maxAgeMs;
    const taken: Item[] = [];
    for (const list of this.#lists) {
      for (let item = list.first; item && this.#placeOf(item).sinceMs <= latestMs; item = list.first) {
        this.remove(item);
        taken.push(item);
      }
    }
    return taken;
  }

  #add(item: Item, rank: number, bytes: number, sinceMs: number, before: Item | undefined): void {
    const place = this.#placeOf(item);
    place.rank = rank;
    place.bytes = bytes;
    place.sinceMs = sinceMs;
    this.#list(rank).addBehind(item, before);
    this.#occupied |= 1 << rank;
    this.#listBytes[rank]! += bytes;
    this.#size++;
    this.#bytes += bytes;
  }

  #fits(size: number, bytes: number, moreBytes: number): boolean {
    return size < this.#limits.maxItems && bytes + moreBytes <= this.#limits.maxBytes;
  }

  #list(rank: number): LinkedList<Item> {
    return this.#lists[rank] as LinkedList<Item>;
  }
}

/** The rank of those of a priority that were never taken, behind all that go before a new one. */
function lastRank(priority: number): number {
  return 2 * priority + 1;
}
