/** A TCP connection that sends exactly the bytes it is told to, and takes HTTP answers apart by itself. */
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.ts';

export interface RawAnswer {
  readonly status: number;
  /** The status line and the header lines. */
  readonly head: string;
  readonly body: string;
}

export class RawConnection {
  readonly #socket: Socket;
  #received = '';
  /** The error code that ended it, `ECONNRESET` say. */
  failure: string | undefined;
  closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.failure = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static open({ url }: { readonly url: string }): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(new RawConnection(socket)));
      socket.once('error', reject);
    });
  }

  /** Resolves when the bytes have left this process; when the peer has closed, at once. */
  send(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.write(bytes, () => resolve());
    });
  }

  /** Stops reading: what the server sends stays in the kernel and then with the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The answer at `index`, counted from 0, once it is whole. */
  answer(index = 0, timeoutMs = 20_000): Promise<RawAnswer> {
    return eventually(`answer ${index}`, () => this.answers()[index], timeoutMs);
  }

  /** The next answer after which the server closes the connection. */
  async lastAnswer(timeoutMs = 20_000): Promise<RawAnswer> {
    await eventually('the end of the connection', () => this.closed, timeoutMs);
    const last = this.answers().at(-1);
    if (!last)
      throw new Error(`no answer, but ${JSON.stringify(this.#received)} and ${this.failure ?? 'no error'}`);
    return last;
  }

  /** All whole answers so far. */
  answers(): readonly RawAnswer[] {
    const answers: RawAnswer[] = [];
    for (let rest = this.#received; rest !== ''; ) {
      const next = takeAnswer(rest, this.closed);
      if (!next) break;
      answers.push(next.answer);
      rest = next.rest;
    }
    return answers;
  }
}

function takeAnswer(text: string, closed: boolean): { answer: RawAnswer; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an HTTP answer: ${JSON.stringify(head)}`);
  const start = end + 4;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  let bodyEnd: number;
  if (status < 200) bodyEnd = start;
  else if (length !== undefined) bodyEnd = start + Number(length);
  else if (/^transfer-encoding: chunked$/im.test(head)) bodyEnd = text.indexOf('0\r\n\r\n', start) + 5;
  else bodyEnd = closed ? text.length : Number.POSITIVE_INFINITY;
  if (bodyEnd < start || bodyEnd > text.length) return undefined;
  return { answer: { status, head, body: text.slice(start, bodyEnd) }, rest: text.slice(bodyEnd) };
}

/** The text of a POST up to the end of its head. */
export function postHead(path: string, ...headers: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
}

/** The text of a whole inference request. */
export function inferText(model: string, request: object, ...headers: readonly string[]): string {
  const body = JSON.stringify(request);
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return postHead(`/v2/models/${model}/infer`, 'Content-Type: application/json', length, ...headers) + body;
}
