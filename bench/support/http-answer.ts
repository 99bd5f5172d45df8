/** Reads HTTP/1.1 answers off a connection, one at a time: the status and where the body ends, and nothing else. */

/** More than the head of any answer that we measure. */
const MAX_HEAD_BYTES = 16_384;
const HEAD_END = '\r\n\r\n';

export class HttpAnswer {
  /** Of the answer that is being read, or was read last; 0 before its head is complete. */
  status = 0;
  /** Whether another request may be sent on this connection. */
  keepAlive = true;
  #head = '';
  /** Bytes of the body still to come; infinite when it ends with the connection. */
  #left = 0;

  /** Whether anything of the answer has come. */
  get begun(): boolean {
    return this.status !== 0 || this.#head !== '';
  }

  /** Before each request. */
  begin(): void {
    this.status = 0;
    this.#head = '';
  }

  /** @returns whether the answer is complete. @throws on an answer that it does not understand */
  push(chunk: Buffer): boolean {
    if (this.status !== 0) return this.#take(chunk.length);
    const seen = this.#head.length;
    this.#head += chunk.toString('latin1', 0, MAX_HEAD_BYTES);
    const end = this.#head.indexOf(HEAD_END);
    if (end === -1) {
      if (this.#head.length > MAX_HEAD_BYTES) throw new Error('an answer whose head does not end');
      return false;
    }
    this.#readHead(this.#head.slice(0, end));
    return this.#take(chunk.length - (end + HEAD_END.length - seen));
  }

  /** The other side has sent its last byte; whether that completes the answer. */
  end(): boolean {
    return this.status !== 0 && this.#left === Number.POSITIVE_INFINITY;
  }

  #readHead(head: string): void {
    const status = /^HTTP\/1\.([01]) (\d{3})/.exec(head);
    if (status === null) throw new Error(`not an HTTP answer: ${head.slice(0, 80)}`);
    if (/^transfer-encoding:/im.test(head)) throw new Error('an answer in chunks, which cannot be read here');
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    this.status = Number(status[2]);
    this.#left = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
    this.keepAlive = status[1] === '1' && length !== undefined && !/^connection: *close/im.test(head);
  }

  #take(bytes: number): boolean {
    this.#left -= bytes;
    if (this.#left < 0) throw new Error('bytes after the end of an answer');
    return this.#left === 0;
  }
}
