/** Wishes to the acting controller and its answers, both carried by the feed of changes. */
import { randomUUID } from 'node:crypto';
import type { CommandOutcome, CommandResult, ModelCommand } from '../model-record.ts';
import type { RedisClient } from './redis-client.ts';
import { newEpoch } from './redis-worker-table.ts';
import type { TableKeys } from './table-keys.ts';
import { SCRIPTS } from './table-scripts.ts';

export type CommandHandler = (command: ModelCommand) => Promise<CommandResult>;

interface Pending {
  /** Of the controller that is to carry it out; undefined until known. */
  token: string | undefined;
  readonly resolve: (result: CommandResult) => void;
  /** Whether the controller was found gone when last looked for: its answer may be on its way still. */
  missed: boolean;
}

export interface CommandPostOptions {
  readonly client: RedisClient;
  readonly keys: TableKeys;
  /** The fencing token of this process's candidate while it acts. */
  readonly token: () => string | undefined;
  /** Resolves when that is not being asked for. */
  readonly settled: () => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const REPLACED = 'the controller was lost or replaced while it worked on this; it may still come about';
/** Who waits for an answer looks this often whether the controller still acts: that nobody does is in no feed. */
const LOOK_MS = 1_000;

export class CommandPost {
  readonly #options: CommandPostOptions;
  readonly #pending = new Map<string, Pending>();
  #handler: CommandHandler | undefined;
  #lookedAt = 0;

  constructor(options: CommandPostOptions) {
    this.#options = options;
  }

  serve(handler: CommandHandler): () => void {
    this.#handler = handler;
    return () => {
      if (this.#handler === handler) this.#handler = undefined;
    };
  }

  async send(command: Omit<ModelCommand, 'id'>, signal: AbortSignal): Promise<CommandResult> {
    const id = randomUUID();
    const { client, keys } = this.#options;
    const answered = new Promise<CommandResult>((resolve) => {
      this.#pending.set(id, { token: undefined, resolve, missed: false });
      const giveUp = () =>
        resolve({ id, outcome: 'timed_out', message: 'the controller did not answer in time' });
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      const token = (await client.run(
        SCRIPTS.sendCommand,
        [keys.meta, keys.changes, keys.lease],
        [newEpoch(), id, command.action, command.id_model],
      )) as string;
      if (token === '') return { id, outcome: 'unavailable', message: 'no controller is running' };
      const pending = this.#pending.get(id);
      if (pending) pending.token = token;
      return await answered;
    } catch (error) {
      return { id, outcome: 'unavailable', message: (error as Error).message };
    } finally {
      this.#pending.delete(id);
    }
  }

  /** Takes an entry of the feed. */
  onNotice(notice: ReadonlyMap<string, string>): void {
    const id = notice.get('id') ?? '';
    switch (notice.get('kind')) {
      case 'command':
        void this.#consider(id, notice);
        return;
      case 'result':
        this.#pending.get(id)?.resolve({
          id,
          outcome: notice.get('outcome') as CommandOutcome,
          message: notice.get('message') ?? '',
        });
        return;
      case 'lease':
        for (const [one, pending] of this.#pending) {
          if (pending.token === undefined || pending.token === notice.get('token')) continue;
          pending.resolve({ id: one, outcome: 'timed_out', message: REPLACED });
        }
        return;
    }
  }

  /** To be called now and then. */
  tick(): void {
    const now = this.#options.now();
    if (this.#pending.size === 0 || now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    void this.#look();
  }

  async #look(): Promise<void> {
    const { client, keys } = this.#options;
    const token = await client.call('HGET', [keys.lease, 'token']).catch(() => undefined);
    if (token === undefined) return;
    for (const [id, pending] of this.#pending) {
      if (pending.token === undefined) continue;
      const isMissed = pending.token !== token;
      if (isMissed && pending.missed) pending.resolve({ id, outcome: 'timed_out', message: REPLACED });
      pending.missed = isMissed;
    }
  }

  async #consider(id: string, notice: ReadonlyMap<string, string>): Promise<void> {
    const { token, settled } = this.#options;
    // The feed may be ahead of the answer by which this candidate comes to act.
    if (notice.get('token') !== token()) await settled();
    if (notice.get('token') === token()) await this.#carryOut(id, notice);
  }

  async #carryOut(id: string, notice: ReadonlyMap<string, string>): Promise<void> {
    const { client, keys } = this.#options;
    const action = notice.get('action');
    if (!this.#handler || (action !== 'load' && action !== 'unload')) return;
    const result = await this.#handler({ id, action, id_model: notice.get('id_model') ?? '' }).catch(
      (error: Error): CommandResult => ({ id, outcome: 'failed', message: error.message }),
    );
    await client
      .run(SCRIPTS.answerCommand, [keys.meta, keys.changes], [newEpoch(), id, result.outcome, result.message])
      // Who asked gives up in time.
      .catch(() => {});
  }
}
