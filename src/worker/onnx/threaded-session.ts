/**
 * The inference session in a thread of its own, for models whose runs take long.
 *
 * ONNX Runtime for Node runs on the calling thread. A short run is cheapest there; a long one would keep the
 * worker from answering pings, cancelling, and decoding the next batch meanwhile.
 */
import { Worker } from 'node:worker_threads';
import type { Tensor, TensorSpec } from '../../oip/tensor.ts';
import { siblingModule } from '../../sibling-module.ts';
import type { InferenceSession } from '../inference-session.ts';
import { owned, type ThreadReply, type ThreadRequest, transferables } from './thread-messages.ts';

interface PendingRun {
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (error: Error) => void;
}

export class ThreadedSession implements InferenceSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #thread: Worker;
  readonly #pending = new Map<number, PendingRun>();
  #nextId = 1;

  private constructor(thread: Worker, inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]) {
    this.#thread = thread;
    this.inputs = inputs;
    this.outputs = outputs;
    thread.on('message', (reply: ThreadReply) => this.#onReply(reply));
    thread.on('error', (error) => this.#rejectAll(error as Error));
    thread.on('exit', () => this.#rejectAll(new Error('the inference thread ended')));
  }

  /** Loads in a new thread the model whose inputs and outputs are known already. */
  static async load(
    modelPath: string,
    intraOpThreads: number,
    model: { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] },
  ): Promise<ThreadedSession> {
    const thread = new Worker(siblingModule(import.meta.url, './session-thread'), {
      workerData: { modelPath, intraOpThreads },
    });
    await new Promise<void>((resolve, reject) => {
      thread.once('error', reject);
      thread.once('message', () => {
        thread.off('error', reject);
        resolve();
      });
    });
    return new ThreadedSession(thread, model.inputs, model.outputs);
  }

  run(inputs: readonly Tensor[], outputs: readonly number[]): Promise<readonly Tensor[]> {
    const id = this.#nextId++;
    const own = inputs.map(owned);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#thread.postMessage({ id, inputs: own, outputs } satisfies ThreadRequest, transferables(own));
    });
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #onReply(reply: ThreadReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) pending?.reject(new Error(reply.error));
    else pending?.resolve(reply.outputs);
  }

  #rejectAll(error: Error): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const run of pending) run.reject(error);
  }
}
