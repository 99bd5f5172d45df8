/** A session that runs where it is called for as long as its runs are short, and moves to a thread when one is not. */
import type { Tensor, TensorSpec } from '../oip/tensor.ts';
import type { InferenceSession } from './inference-session.ts';

export interface AdaptiveSessionOptions {
  readonly inline: InferenceSession;
  readonly loadThreaded: () => Promise<InferenceSession>;
  /** A run that takes more of the processor's time shows that the model's time is not what its warm-up said. */
  readonly longestInlineMs: number;
  /**
   * The processor's time of this thread, milliseconds. Not the clock: on a busy machine a run of any model is kept from the
   * processor for so long once, and a short model that has moved costs a third more for good.
   */
  readonly cpuMs: () => number;
  readonly onMoved: (runMs: number) => void;
}

export class AdaptiveSession implements InferenceSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #options: AdaptiveSessionOptions;
  #current: InferenceSession;
  #move: Promise<void> | undefined;
  #lastRun: Promise<unknown> | undefined;

  constructor(options: AdaptiveSessionOptions) {
    this.#options = options;
    this.#current = options.inline;
    this.inputs = options.inline.inputs;
    this.outputs = options.inline.outputs;
  }

  async run(inputs: readonly Tensor[], outputs: readonly number[]): Promise<readonly Tensor[]> {
    const { cpuMs, inline, longestInlineMs } = this.#options;
    // Another run like the one that was long would keep the worker from answering, and from loading the thread.
    if (this.#current === inline) await this.#move;
    if (this.#current !== inline) return this.#current.run(inputs, outputs);
    let start = cpuMs();
    // ONNX Runtime for Node runs in an immediate of its own, which comes behind this one: what else is done before that, such as
    // reading other requests, is no part of the run.
    setImmediate(() => {
      start = cpuMs();
    });
    const run = inline.run(inputs, outputs);
    this.#lastRun = run;
    const results = await run;
    const runMs = cpuMs() - start;
    if (runMs > longestInlineMs) this.#move ??= this.#moveToThread(runMs);
    return results;
  }

  async close(): Promise<void> {
    await this.#move;
    await this.#current.close();
  }

  async #moveToThread(runMs: number): Promise<void> {
    const { inline, loadThreaded, onMoved } = this.#options;
    let threaded: InferenceSession;
    try {
      threaded = await loadThreaded();
    } catch {
      // It stays where it is; the next long run tries again.
      this.#move = undefined;
      return;
    }
    onMoved(runMs);
    this.#current = threaded;
    // What was begun there ends there; runs come one after the other.
    await this.#lastRun?.catch(() => {});
    await inline.close();
  }
}
