/**
 * Keeps the local view of rows and records up to date by the feed of changes: a stream whose entries carry the whole row,
 * have numbers without gaps and name the one before them. Where one does not follow the last, all is read anew.
 */
import type { TableChange } from '../control-table.ts';
import type { LocalView, StoredRow } from '../local-view.ts';
import { type ModelRecord, modelKey } from '../model-record.ts';
import { CarriedOver } from './carried-over.ts';
import type { RedisClient } from './redis-client.ts';
import { newEpoch } from './redis-worker-table.ts';
import { decodeRecord, decodeRow, type FlatHash, toFields } from './row-codec.ts';
import type { TableKeys } from './table-keys.ts';
import { SCRIPTS } from './table-scripts.ts';

/** As `XRANGE` gives them. */
export type StreamEntry = readonly [id: string, fields: FlatHash];

export interface ChangeFeedOptions {
  readonly client: RedisClient;
  readonly keys: TableKeys;
  readonly local: LocalView;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Takes entries of other kinds than rows and records, in their order. */
  readonly onNotice: (notice: ReadonlyMap<string, string>) => void;
}

interface Picture {
  readonly rows: Map<string, StoredRow>;
  readonly models: Map<string, ModelRecord>;
}

const BEGINNING = '0-0';
/** Entries read at once. */
const BATCH = 1_000;
/** Keys asked for at once. */
const KEYS_AT_ONCE = 500;

export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #carried: CarriedOver;
  #lastId = BEGINNING;
  #seq = 0;
  #epoch = '';
  #changedAt = Number.NEGATIVE_INFINITY;
  /** Reads of many steps come one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #rereading = false;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
    this.#carried = new CarriedOver(options.local, options.now);
  }

  /** Where to read on. */
  get lastId(): string {
    return this.#lastId;
  }

  /** The number of the newest change that the view has. */
  get seq(): number {
    return this.#seq;
  }

  /**
   * Whether a table whose newest change is this cannot be the one that the view is of, however old.
   * @param askedAt when it was asked for, monotonic milliseconds: the view may have moved on since
   */
  isOfAnother(epoch: string, seq: number, lastId: string, askedAt: number): boolean {
    const hasOther = seq < this.#seq || (seq === this.#seq && lastId !== this.#lastId);
    return (epoch !== this.#epoch || hasOther) && this.#changedAt < askedAt;
  }

  /** Takes entries as they come, those that came before included. Rejects when all had to be read anew and could not. */
  async take(entries: readonly StreamEntry[]): Promise<void> {
    if (this.#rereading) {
      // What is being read anew comes to include them, or the feed is read on from before them.
      await this.#work;
      return;
    }
    if (!this.#apply(entries)) await this.reread();
  }

  /** Reads what is missing up to now. */
  catchUp(): Promise<void> {
    return this.#enqueue(async () => {
      for (;;) {
        const entries = await this.#range(`(${this.#lastId}`);
        if (!this.#apply(entries)) return this.#readAll();
        if (entries.length < BATCH) return;
      }
    });
  }

  /** Goes on where the view stands if the table still has that very change; else reads all anew. */
  resume(): Promise<void> {
    return this.#enqueue(async () => {
      const entries = await this.#range(this.#lastId);
      const first = entries[0];
      const known = first?.[0] === this.#lastId && this.#isNewest(toFields(first[1]));
      if (!known || !this.#apply(entries.slice(1)) || entries.length === BATCH) await this.#readAll();
    });
  }

  /** Reads all anew. */
  reread(): Promise<void> {
    return this.#enqueue(() => this.#readAll());
  }

  /** Lets go of what was lost with the table and has not been said again in time. To be called now and then. */
  tick(): void {
    this.#carried.expire();
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => {});
    return result;
  }

  async #range(from: string): Promise<StreamEntry[]> {
    const { client, keys } = this.#options;
    return (await client.call('XRANGE', [keys.changes, from, '+', 'COUNT', BATCH])) as StreamEntry[];
  }

  #isNewest(fields: ReadonlyMap<string, string>): boolean {
    return Number(fields.get('seq')) === this.#seq && fields.get('epoch') === this.#epoch;
  }

  /** Applies entries in order, those already applied not again. False at a gap. */
  #apply(entries: readonly StreamEntry[]): boolean {
    const { local, now, onNotice } = this.#options;
    for (const [id, flat] of entries) {
      const fields = toFields(flat);
      const seq = Number(fields.get('seq'));
      if (fields.get('epoch') !== this.#epoch) return false;
      if (seq <= this.#seq) continue;
      if (fields.get('before') !== this.#lastId) return false;
      this.#seq = seq;
      this.#lastId = id;
      this.#changedAt = now();
      if (this.#carried.settles(fields)) continue;
      const change = applyTo(local, fields);
      if (change === undefined) onNotice(fields);
      else local.emit(change);
    }
    return true;
  }

  async #readAll(): Promise<void> {
    const { client, keys, local, now, onNotice } = this.#options;
    this.#rereading = true;
    try {
      const [[, epoch, seq, newest], ids, names] = await Promise.all([
        // A table that is empty gets its name by this.
        client.run(SCRIPTS.readPulse, [keys.meta, keys.pulse], [newEpoch(), '']) as Promise<
          [number, string, number, string]
        >,
        client.call('SMEMBERS', [keys.workers]) as Promise<string[]>,
        client.call('SMEMBERS', [keys.models]) as Promise<string[]>,
      ]);
      const picture: Picture = { rows: new Map(), models: new Map() };
      for (const row of (await this.#hashes(ids.map((id) => keys.worker(id)))).map(decodeRow)) {
        if (row) picture.rows.set(row.id_worker, row);
      }
      for (const record of (await this.#hashes(names.map((name) => keys.model(name)))).map(decodeRecord)) {
        if (record) picture.models.set(modelKey(record.id_model, record.version), record);
      }
      // What changed while they were read; entries carry whole rows, so that what was read already is only said again.
      let lastId = newest;
      let place: ReadonlyMap<string, string> | undefined;
      const notices: ReadonlyMap<string, string>[] = [];
      for (let entries: StreamEntry[]; ; ) {
        entries = await this.#range(`(${lastId}`);
        for (const [id, flat] of entries) {
          lastId = id;
          place = toFields(flat);
          if (applyTo(picture, place) === undefined) notices.push(place);
        }
        if (entries.length < BATCH) break;
      }
      const lost = [...local.rows.keys()].filter((id) => !picture.rows.has(id));
      const removed = await this.#removed(lost);
      this.#lastId = lastId;
      this.#seq = Number(place?.get('seq') ?? seq);
      this.#epoch = place?.get('epoch') ?? epoch;
      this.#changedAt = now();
      this.#replace(picture, removed);
      for (const notice of notices) onNotice(notice);
      local.emit({ kind: 'restored' });
    } finally {
      this.#rereading = false;
    }
  }

  async #hashes(keys: readonly string[]): Promise<Map<string, string>[]> {
    const hashes: Map<string, string>[] = [];
    for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) {
      const some = keys.slice(i, i + KEYS_AT_ONCE);
      const replies = await Promise.all(some.map((key) => this.#options.client.call('HGETALL', [key])));
      for (const reply of replies) hashes.push(toFields(reply as FlatHash));
    }
    return hashes;
  }

  /** Which of these workers somebody removed. */
  async #removed(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const { client, keys } = this.#options;
    const scores = (await client.call('ZMSCORE', [keys.removed, ...ids])) as (string | null)[];
    return new Set(ids.filter((_, i) => scores[i] !== null));
  }

  /** Makes the view the picture, and says what that changes. What the table has lost is carried over for a while. */
  #replace(picture: Picture, removed: ReadonlySet<string>): void {
    const { local } = this.#options;
    const changes: TableChange[] = [];
    for (const [id_worker, row] of picture.rows) {
      if (this.#carried.isAnew(row)) continue;
      if (!isSame(local.rows.get(id_worker), row)) changes.push({ kind: 'worker', id_worker });
      local.rows.set(id_worker, row);
    }
    for (const [name, record] of picture.models) {
      if (!isSame(local.models.get(name), record)) changes.push({ kind: 'model', id_model: record.id_model });
      local.models.set(name, record);
    }
    for (const id_worker of removed) {
      local.rows.delete(id_worker);
      changes.push({ kind: 'worker', id_worker });
    }
    this.#carried.carry(picture);
    for (const change of changes) local.emit(change);
  }
}

/** Applies an entry's row or record; undefined when it is about something else. */
function applyTo(picture: Picture, fields: ReadonlyMap<string, string>): TableChange | undefined {
  const gone = fields.get('gone') === '1';
  switch (fields.get('kind')) {
    case 'worker': {
      const id_worker = fields.get('id_worker') ?? '';
      const row = gone ? undefined : decodeRow(fields);
      if (row) picture.rows.set(id_worker, row);
      else picture.rows.delete(id_worker);
      return { kind: 'worker', id_worker };
    }
    case 'model': {
      const id_model = fields.get('id_model') ?? '';
      const record = gone ? undefined : decodeRecord(fields);
      const name = modelKey(id_model, fields.get('version') ?? '');
      if (record) picture.models.set(name, record);
      else picture.models.delete(name);
      return { kind: 'model', id_model };
    }
    default:
      return undefined;
  }
}

function isSame(a: StoredRow | ModelRecord | undefined, b: StoredRow | ModelRecord): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
