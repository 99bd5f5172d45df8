/**
 * What a table that was lost had, and the view keeps for a while: a table that comes back empty does not mean that
 * all workers are gone, and they have until then to say that they are there (promise CT6).
 */
import { type LocalView, modelKey } from '../local-view.ts';

/** Several heartbeats: after this long whoever has not registered again is not there. */
const GRACE_MS = 5_000;

export class CarriedOver {
  readonly #local: LocalView;
  readonly #now: () => number;
  /** Until when. */
  readonly #workers = new Map<string, number>();
  readonly #models = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(local: LocalView, now: () => number) {
    this.#local = local;
    this.#now = now;
  }

  /** Carries all that the view has and the table has not. */
  carry(table: Pick<LocalView, 'rows' | 'models'>): void {
    const until = this.#now() + GRACE_MS;
    note(this.#workers, this.#local.rows, table.rows, until);
    note(this.#models, this.#local.models, table.models, until);
  }

  /** The table has spoken of a row or a record, in these fields. */
  settled(fields: ReadonlyMap<string, string>): void {
    if (fields.get('kind') === 'worker') this.#workers.delete(fields.get('id_worker') ?? '');
    else this.#models.delete(modelKey(fields.get('id_model') ?? '', fields.get('version') ?? ''));
  }

  /** Lets go of what nobody has spoken of in time. */
  expire(): void {
    const now = this.#now();
    for (const [id_worker, until] of this.#workers) {
      if (now < until) continue;
      this.#workers.delete(id_worker);
      this.#local.rows.delete(id_worker);
      this.#local.emit({ kind: 'worker', id_worker });
    }
    for (const [name, until] of this.#models) {
      if (now < until) continue;
      this.#models.delete(name);
      const id_model = this.#local.models.get(name)?.id_model;
      this.#local.models.delete(name);
      if (id_model !== undefined) this.#local.emit({ kind: 'model', id_model });
    }
  }
}

function note(
  carried: Map<string, number>,
  local: ReadonlyMap<string, unknown>,
  table: ReadonlyMap<string, unknown>,
  until: number,
): void {
  for (const key of carried.keys()) if (table.has(key)) carried.delete(key);
  for (const key of local.keys()) if (!table.has(key) && !carried.has(key)) carried.set(key, until);
}
