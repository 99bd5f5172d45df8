/** Applies what a child process says of its presence, one after the other, and nothing once it has ended. */
import type { WorkerPresence } from '../worker/presence.ts';
import type { PresenceMessage } from './worker-messages.ts';

export class PresenceRelay {
  readonly #presence: WorkerPresence;
  readonly #onError: (error: unknown) => void;
  #applied: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(presence: WorkerPresence, onError: (error: unknown) => void) {
    this.#presence = presence;
    this.#onError = onError;
  }

  take(message: PresenceMessage): void {
    this.#applied = this.#applied
      .then(() => (this.#ended ? undefined : this.#apply(message)))
      .catch((error: unknown) => this.#onError(error));
  }

  /** Resolves when what is being applied is done; what is left is dropped: it would revive who is gone. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#applied;
  }

  #apply(message: PresenceMessage): Promise<void> {
    switch (message.type) {
      case 'registered':
        return this.#presence.register(message.introduction);
      case 'ready':
        return this.#presence.ready();
      case 'heartbeat':
        return this.#presence.heartbeat(message);
      case 'draining':
        return this.#presence.draining();
      case 'gone':
        return this.#presence.gone();
    }
  }
}
