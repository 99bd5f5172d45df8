/** The table's clock as one process knows it: the server's, carried on by the process's own monotonic clock (CT7). */

/** A server's clock that is further off than this from where it was expected has been set, or is another server's. */
const JUMP_MS = 1_000;

export class TableClock {
  readonly #monotonic: () => number;
  #offset: number | undefined;
  #heardAt = 0;

  /** @param monotonic milliseconds since any moment */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#monotonic() + (this.#offset ?? 0);
  }

  /** What the server's clock showed when it was last heard. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /**
   * Takes in what the server said. Returns whether its clock has jumped.
   * @param askedAt when it was asked, monotonic milliseconds: it looked at its clock between then and now
   */
  observe(serverMs: number, askedAt: number): boolean {
    this.#heardAt = serverMs;
    const least = serverMs - this.#monotonic();
    const most = serverMs - askedAt;
    const known = this.#offset;
    if (known !== undefined && known > least - JUMP_MS && known < most + JUMP_MS) {
      this.#offset = Math.min(Math.max(known, least), most);
      return false;
    }
    this.#offset = least;
    return known !== undefined;
  }
}
