/** A counted number of requests in a closed loop: so many clients, each of which sends its next when it was answered. */
import { connect, type Socket } from 'node:net';
import type { BinaryRequest } from '../models/image-requests.ts';
import { HttpAnswer } from '../support/http-answer.ts';

export interface CountedLoad {
  readonly url: string;
  /** Sent in turn. */
  readonly requests: readonly BinaryRequest[];
  /** In all. */
  readonly count: number;
  readonly concurrent: number;
}

export interface CountedResult {
  /** From the first request sent to the last answer received. */
  readonly totalMs: number;
  /** Of those that were answered with 200, ascending. */
  readonly latencyMs: Float64Array;
  /** Answers other than 200 by HTTP status; "connection" where there was no answer. */
  readonly errors: Readonly<Record<string, number>>;
}

const OK = 200;
const NO_ANSWER = 0;

/** Rejects when the signal aborts. What fails is counted and not sent again. */
export async function runCountedLoad(load: CountedLoad, signal: AbortSignal): Promise<CountedResult> {
  const { count, concurrent } = load;
  const target = new URL(load.url);
  const messages = load.requests.map((request) => httpMessage(target, request));
  const latencies: number[] = [];
  const errors: Record<string, number> = {};
  let next = 0;

  const client = async () => {
    using connection = new KeptConnection(target);
    while (next < count) {
      signal.throwIfAborted();
      const message = messages[next++ % messages.length]!;
      const sentMs = performance.now();
      const status = await connection.ask(message);
      if (status === OK) latencies.push(performance.now() - sentMs);
      else {
        const kind = status === NO_ANSWER ? 'connection' : String(status);
        errors[kind] = (errors[kind] ?? 0) + 1;
      }
    }
  };
  const beginMs = performance.now();
  await Promise.all(Array.from({ length: concurrent }, client));
  return { totalMs: performance.now() - beginMs, latencyMs: Float64Array.from(latencies).sort(), errors };
}

function httpMessage({ host, pathname }: URL, { headers, body }: BinaryRequest): Buffer {
  const lines = Object.entries({ host, 'content-length': body.length, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.concat([Buffer.from(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}

/** Opened when first needed, and again when the other side closed it. */
class KeptConnection implements Disposable {
  readonly #target: URL;
  readonly #answer = new HttpAnswer();
  #socket: Socket | null = null;
  #settle: ((status: number) => void) | null = null;

  constructor(target: URL) {
    this.#target = target;
  }

  /** @returns the HTTP status, or 0 when the connection ended before the answer was whole */
  ask(message: Buffer): Promise<number> {
    this.#answer.begin();
    this.#socket ??= this.#open();
    const answered = new Promise<number>((resolve) => {
      this.#settle = resolve;
    });
    this.#socket.write(message);
    return answered;
  }

  [Symbol.dispose](): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const { hostname, port } = this.#target;
    const socket = connect({ host: hostname, port: Number(port || 80), noDelay: true });
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose(socket));
    return socket;
  }

  #onData(chunk: Buffer): void {
    if (!this.#answer.push(chunk)) return;
    if (!this.#answer.keepAlive) {
      this.#socket?.destroy();
      this.#socket = null;
    }
    this.#end(this.#answer.status);
  }

  #onClose(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#end(this.#answer.end() ? this.#answer.status : NO_ANSWER);
  }

  #end(status: number): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.(status);
  }
}
