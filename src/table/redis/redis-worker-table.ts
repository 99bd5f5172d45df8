/** What is written to the table on Redis, by workers of themselves and by controllers: each change one script. */
import { randomBytes } from 'node:crypto';
import type {
  Heartbeat,
  HeartbeatResult,
  RegisterResult,
  RemoveResult,
  TransitionResult,
  WorkerTable,
} from '../control-table.ts';
import { type ModelDescription, type ModelRecord, modelKey } from '../model-record.ts';
import { NotActingError } from '../table-error.ts';
import { isLegalTransition, type WorkerRegistration, type WorkerStatus } from '../worker-row.ts';
import type { RedisClient } from './redis-client.ts';
import { encodeRecord, encodeRegistration, encodeSignature } from './row-codec.ts';
import type { TableKeys } from './table-keys.ts';
import { SCRIPTS } from './table-scripts.ts';

/** What a script that makes a change answers: its own result, and the number of the change in the feed. */
type Outcome = readonly [result: number, seq: number];

const FENCED_OUT = -2;

export interface TableWriterOptions {
  readonly client: RedisClient;
  readonly keys: TableKeys;
  /** Called when a change was made, with its number in the feed; the change counts as made when it resolves. */
  readonly onChanged?: (seq: number) => Promise<void>;
  /** The controller that this process is a candidate with, and its fencing token while it acts. */
  readonly candidate?: () =>
    | { readonly id_controller: string; readonly token: string | undefined }
    | undefined;
}

/** Of this process alone. Random bytes for each of a hundred exchanges a second would cost more than the exchange's text. */
const OWN_EPOCHS = randomBytes(6).toString('base64url');
let epochs = 0;

/** A name that a table which turns out to be empty can take for its own, and that none has had before. */
export function newEpoch(): string {
  return `${OWN_EPOCHS}.${(epochs++).toString(36)}`;
}

export class RedisWorkerTable implements WorkerTable {
  readonly #options: TableWriterOptions;

  constructor(options: TableWriterOptions) {
    this.#options = options;
  }

  async register(registration: WorkerRegistration): Promise<RegisterResult> {
    const { client, keys } = this.#options;
    const { id_worker } = registration;
    const [registered] = await this.#change(
      client.run(
        SCRIPTS.registerWorker,
        [keys.meta, keys.changes, keys.workers, keys.worker(id_worker), keys.removed],
        [newEpoch(), id_worker, ...encodeRegistration(registration)],
      ),
    );
    return registered === 1 ? 'registered' : 'reused';
  }

  async describeModel(description: ModelDescription): Promise<void> {
    const { client, keys } = this.#options;
    const { id_model, version, platform, max_batch_size, max_queue_delay_us, idempotent, signature } =
      description;
    await this.#change(
      client.run(
        SCRIPTS.describeModel,
        [keys.meta, keys.changes, keys.models, keys.model(modelKey(id_model, version))],
        [
          ...[newEpoch(), id_model, version, 'platform', platform, 'max_batch_size', max_batch_size],
          ...['max_queue_delay_us', max_queue_delay_us, 'idempotent', idempotent ? 1 : 0],
          ...['signature', encodeSignature(signature)],
        ],
      ),
    );
  }

  async transition(
    id_worker: string,
    from: WorkerStatus,
    to: WorkerStatus,
    reason = '',
  ): Promise<TransitionResult> {
    if (!isLegalTransition(from, to)) return 'illegal';
    const { client, keys } = this.#options;
    const [changed] = await this.#change(
      client.run(
        SCRIPTS.changeStatus,
        [keys.meta, keys.changes, keys.worker(id_worker), keys.lease],
        [newEpoch(), this.#fence(), from, to, reason],
      ),
    );
    if (changed === 1) return 'changed';
    return changed === 0 ? 'conflict' : 'unknown';
  }

  async heartbeat({ id_worker, rss_bytes }: Heartbeat): Promise<HeartbeatResult> {
    const { client, keys } = this.#options;
    const status = await client.run(
      SCRIPTS.beat,
      [keys.meta, keys.pulse, keys.worker(id_worker), keys.removed],
      [newEpoch(), id_worker, rss_bytes],
    );
    return status as HeartbeatResult;
  }

  async remove(id_worker: string): Promise<RemoveResult> {
    const { client, keys } = this.#options;
    const [removed] = await this.#change(
      client.run(
        SCRIPTS.removeWorker,
        [keys.meta, keys.changes, keys.workers, keys.worker(id_worker), keys.removed, keys.lease],
        [newEpoch(), this.#fence(), id_worker],
      ),
    );
    if (removed === 1) return 'removed';
    return removed === 0 ? 'illegal' : 'unknown';
  }

  async putModel(record: ModelRecord): Promise<void> {
    const { client, keys } = this.#options;
    const name = modelKey(record.id_model, record.version);
    await this.#change(
      client.run(
        SCRIPTS.putModel,
        [keys.meta, keys.changes, keys.models, keys.model(name), keys.lease],
        [newEpoch(), this.#fence(), name, encodeSignature(record.signature), ...encodeRecord(record)],
      ),
    );
  }

  async removeModel(id_model: string, version: string): Promise<void> {
    const { client, keys } = this.#options;
    await this.#change(
      client.run(
        SCRIPTS.removeModel,
        [keys.meta, keys.changes, keys.models, keys.model(modelKey(id_model, version)), keys.lease],
        [newEpoch(), this.#fence(), id_model, version],
      ),
    );
  }

  async close(): Promise<void> {
    this.#options.client.close();
  }

  async #change(reply: Promise<unknown>): Promise<Outcome> {
    const outcome = (await reply) as Outcome;
    if (outcome[0] === FENCED_OUT) {
      throw new NotActingError(this.#options.candidate?.()?.id_controller ?? '');
    }
    if (outcome[1] > 0) await this.#options.onChanged?.(outcome[1]);
    return outcome;
  }

  /** What the table checks a controller's changes by; empty for who is no controller. */
  #fence(): string {
    const candidate = this.#options.candidate?.();
    if (!candidate) return '';
    if (candidate.token === undefined) throw new NotActingError(candidate.id_controller);
    return `${candidate.id_controller} ${candidate.token}`;
  }
}
