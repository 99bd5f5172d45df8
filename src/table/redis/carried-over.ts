/**
 * What a table that was lost had, and the view keeps for a while: a table that comes back empty does not mean that
 * all workers are gone, and they have until then to say that they are there (promise CT6).
 */
import type { LocalView, StoredRow } from '../local-view.ts';
import { modelKey } from '../model-record.ts';
import { decodeRow } from './row-codec.ts';

/** Several heartbeats: after this long whoever has not registered again is not there. */
const GRACE_MS = 5_000;

export class CarriedOver {
  readonly #local: LocalView;
  readonly #now: () => number;
  /** Until when: those that the table has not. */
  readonly #workers = new Map<string, number>();
  readonly #models = new Map<string, number>();
  /** Those that the table has anew. */
  readonly #anew = new Map<string, number>();

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

  /** Takes what the table says of a row or a record; whether the view stays as it is all the same. */
  settles(fields: ReadonlyMap<string, string>): boolean {
    if (fields.get('kind') === 'model') {
      this.#models.delete(modelKey(fields.get('id_model') ?? '', fields.get('version') ?? ''));
    }
    if (fields.get('kind') !== 'worker') return false;
    const id_worker = fields.get('id_worker') ?? '';
    this.#workers.delete(id_worker);
    this.#anew.delete(id_worker);
    const row = decodeRow(fields);
    return row !== undefined && this.isAnew(row);
  }

  /**
   * Whether this is the row of a worker that registers again: no status goes back to INACTIVE. What it was it is until it
   * says that it is ready, or too long has not; else there would be nobody to send requests to while all do so.
   */
  isAnew({ id_worker, status }: StoredRow): boolean {
    const known = this.#local.rows.get(id_worker);
    if (status !== 'INACTIVE' || !known || known.status === 'INACTIVE') {
      this.#anew.delete(id_worker);
      return false;
    }
    if (!this.#anew.has(id_worker)) this.#anew.set(id_worker, this.#now() + GRACE_MS);
    return true;
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
    for (const [id_worker, until] of this.#anew) {
      if (now < until) continue;
      this.#anew.delete(id_worker);
      const row = this.#local.rows.get(id_worker);
      if (row) this.#local.rows.set(id_worker, { ...row, status: 'INACTIVE' });
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
