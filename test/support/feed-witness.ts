/** Reads the feed of changes as the server has it, and holds it to what the table promises. */
import { isLegalTransition, type WorkerStatus } from '../../src/table/worker-row.ts';
import type { RedisServer } from './redis-server.ts';

interface Epoch {
  seq: number;
  readonly statuses: Map<string, WorkerStatus | 'gone'>;
  /** `<id_controller> <term>` that holds the lease. */
  holder: string;
}

export class FeedWitness {
  readonly #redis: RedisServer;
  readonly #changes: string;
  readonly #epochs = new Map<string, Epoch>();
  /** What was broken so far. */
  readonly broken: string[] = [];

  constructor(redis: RedisServer, prefix: string) {
    this.#redis = redis;
    this.#changes = `{${prefix}}:changes`;
  }

  /** Takes in what has been appended since. */
  async look(): Promise<void> {
    const entries = (await this.#redis.cli('XRANGE', this.#changes, '-', '+')) as [string, string[]][];
    for (const [, flat] of entries) {
      const fields = new Map<string, string>();
      for (let i = 0; i < flat.length; i += 2) fields.set(flat[i] as string, flat[i + 1] as string);
      this.#take(fields);
    }
  }

  #take(fields: ReadonlyMap<string, string>): void {
    const text = (name: string) => fields.get(name) ?? '';
    const epoch = this.#epoch(text('epoch'));
    const seq = Number(text('seq'));
    if (seq <= epoch.seq) return;
    if (seq !== epoch.seq + 1) this.broken.push(`change ${seq} follows ${epoch.seq}`);
    epoch.seq = seq;
    if (text('kind') === 'lease') epoch.holder = `${text('id_controller')} ${text('token')}`;
    if (text('kind') === 'model' && text('id_model') === 'written' && text('reason') !== epoch.holder) {
      this.broken.push(`"${text('reason')}" wrote under the lease of "${epoch.holder}"`);
    }
    if (text('kind') === 'worker') this.#takeStatus(epoch, text('id_worker'), text('gone'), text('status'));
  }

  #takeStatus(epoch: Epoch, id_worker: string, gone: string, status: string): void {
    const from = epoch.statuses.get(id_worker);
    const to = gone === '1' ? 'gone' : (status as WorkerStatus);
    epoch.statuses.set(id_worker, to);
    const isLegal =
      from === undefined
        ? to === 'INACTIVE'
        : from !== 'gone' && (to === 'gone' ? from !== 'ACTIVE' : isLegalTransition(from, to));
    if (!isLegal) this.broken.push(`${id_worker} went from ${from} to ${to}`);
  }

  #epoch(name: string): Epoch {
    const epoch = this.#epochs.get(name) ?? { seq: 0, statuses: new Map(), holder: '' };
    this.#epochs.set(name, epoch);
    return epoch;
  }
}
