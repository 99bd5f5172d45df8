/** Calls between two threads over a port, both ways: each is answered with a value or an error, in the order of the calls. */
import type { MessagePort } from 'node:worker_threads';
import { TurntableError } from './turntable-error.ts';

/** What one side can be asked. Arguments and results are cloned. */
type Operations<T> = { readonly [Name in keyof T]: (...args: never[]) => unknown };

type Result<Operation> = Operation extends (...args: never[]) => infer R ? Awaited<R> : never;
type Arguments<Operation> = Operation extends (...args: infer A) => unknown ? A : never;

/** What is left of an error that goes to another thread. */
interface Failure {
  readonly message: string;
  readonly code: string | undefined;
  /** Whether it is an error of ours, and its code one of ours. */
  readonly ours: boolean;
}

type Message =
  /** Number 0 wants no answer. */
  | { readonly call: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly failure: Failure };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The other thread ended, or closed its port. */
class PortClosedError extends TurntableError<'PORT_CLOSED'> {
  constructor() {
    super('PORT_CLOSED', 'the other thread is gone');
  }
}

export class PortCalls<Theirs extends Operations<Theirs>> {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #closed = false;

  /**
   * @param operations what the other side may ask; one that returns no promise has answered before anything else is sent
   * @param onClose called once, when either side has closed
   */
  constructor(port: MessagePort, operations: object, onClose: () => void = () => {}) {
    this.#port = port;
    port.on('message', (message: Message) => this.#take(message, operations));
    port.once('close', () => {
      this.#closed = true;
      for (const { reject } of this.#pending.values()) reject(new PortClosedError());
      this.#pending.clear();
      onClose();
    });
  }

  /** @throws what the operation does, as far as it can be told; PortClosedError when there will be no answer */
  call<Name extends keyof Theirs & string>(
    name: Name,
    ...args: Arguments<Theirs[Name]>
  ): Promise<Result<Theirs[Name]>> {
    if (this.#closed) return Promise.reject(new PortClosedError());
    return new Promise((resolve, reject) => {
      const call = this.#next++;
      this.#pending.set(call, { resolve: resolve as (value: unknown) => void, reject });
      this.#send({ call, name, args });
    });
  }

  /** The same without an answer. */
  tell<Name extends keyof Theirs & string>(name: Name, ...args: Arguments<Theirs[Name]>): void {
    this.#send({ call: 0, name, args });
  }

  close(): void {
    this.#port.close();
  }

  #send(message: Message): void {
    this.#port.postMessage(message);
  }

  #take(message: Message, operations: object): void {
    if ('call' in message) {
      const { call, name, args } = message;
      const operation = (operations as Readonly<Record<string, (...args: unknown[]) => unknown>>)[name];
      void this.#answer(call, () => operation?.(...args));
      return;
    }
    const pending = this.#pending.get(message.answer);
    this.#pending.delete(message.answer);
    if ('failure' in message) pending?.reject(revived(message.failure));
    else pending?.resolve(message.value);
  }

  async #answer(call: number, operate: () => unknown): Promise<void> {
    try {
      const result = operate();
      // Awaited only where there is something to wait for: what is sent next must not come before the answer.
      const value = result instanceof Promise ? await result : result;
      if (call !== 0) this.#send({ answer: call, value });
    } catch (error) {
      // Where nobody waits for an answer, an error is one of the program.
      if (call === 0) throw error;
      this.#send({ answer: call, failure: failureOf(error as NodeJS.ErrnoException) });
    }
  }
}

function failureOf(error: NodeJS.ErrnoException): Failure {
  return { message: error.message, code: error.code, ours: error instanceof TurntableError };
}

function revived({ message, code, ours }: Failure): Error {
  if (ours) return new TurntableError(code ?? '', message);
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
