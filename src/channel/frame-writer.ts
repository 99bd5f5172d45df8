/** Writes messages as frames: small ones gathered into one system call, large bodies part by part in between. */
import type { Socket } from 'node:net';
import { FLAG_END, FRAME, type FrameType, HEADER_BYTES, PART_BYTES, writeHeader } from './frame.ts';

const BUFFER_BYTES = 2 * PART_BYTES;

/** The rest of a body that is longer than one part. */
interface LargeBody {
  readonly stream: number;
  readonly parts: readonly Buffer[];
  part: number;
  offset: number;
  left: number;
}

const NO_PARTS: readonly Buffer[] = [];
const NO_HEAD = Buffer.alloc(0);

export class FrameWriter {
  readonly #socket: Socket;
  readonly #defer: (flush: () => void) => unknown;
  /** Frames that go out together at the end of this turn of the event loop. */
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;
  #flushing = false;
  readonly #large = new Map<number, LargeBody>();

  /**
   * @param flushAt when what was gathered is sent. turn: after this turn's reads, so that one system call carries
   * all that they caused. task: right after the code that runs now, where that causes all there is to send.
   */
  constructor(socket: Socket, flushAt: 'turn' | 'task') {
    this.#socket = socket;
    this.#defer = flushAt === 'turn' ? setImmediate : queueMicrotask;
    socket.on('drain', () => this.#pumpLarge());
  }

  /** A frame without a body, its payload copied. */
  frame(type: FrameType, stream: number, payload: Buffer = NO_HEAD): void {
    this.message(type, stream, payload, NO_PARTS, 0);
  }

  /**
   * A message of a head and a body in any number of chunks; the chunks must not be changed afterwards.
   * @param bodyBytes the sum of the chunks' lengths
   */
  message(type: FrameType, stream: number, head: Buffer, body: readonly Buffer[], bodyBytes: number): void {
    const first = Math.min(bodyBytes, PART_BYTES);
    const payload = head.length + first;
    const end = first === bodyBytes;
    this.#reserve(HEADER_BYTES + payload);
    writeHeader(this.#buffer, this.#used, payload, type, end ? FLAG_END : 0, stream);
    this.#used += HEADER_BYTES;
    this.#used += head.copy(this.#buffer, this.#used);
    if (bodyBytes > 0) {
      const large = { stream, parts: body, part: 0, offset: 0, left: bodyBytes };
      this.#copyBody(large, first);
      if (!end) this.#large.set(stream, large);
    }
    this.#schedule();
  }

  /** Forgets the rest of a body that is still being sent. */
  abandon(stream: number): void {
    this.#large.delete(stream);
  }

  /** Forgets all bodies that are still being sent. */
  abandonAll(): void {
    this.#large.clear();
  }

  /** Sends what is gathered, now. */
  flush(): void {
    if (this.#used === 0 || this.#socket.destroyed) {
      this.#used = 0;
      return;
    }
    this.#socket.write(this.#buffer.subarray(0, this.#used));
    // Written at once, the bytes are with the kernel and the buffer is free again; otherwise the socket owns it.
    if (this.#socket.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#used = 0;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > this.#buffer.length) this.flush();
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#defer(() => {
      this.#flushing = false;
      this.flush();
      this.#pumpLarge();
    });
  }

  /** One part of each large body in turn, for as long as the socket takes them. */
  #pumpLarge(): void {
    while (this.#large.size > 0 && !this.#socket.destroyed) {
      for (const body of this.#large.values()) {
        if (this.#socket.writableNeedDrain) return;
        const bytes = Math.min(body.left, PART_BYTES);
        this.#reserve(HEADER_BYTES + bytes);
        const end = bytes === body.left;
        writeHeader(this.#buffer, this.#used, bytes, FRAME.BODY, end ? FLAG_END : 0, body.stream);
        this.#used += HEADER_BYTES;
        this.#copyBody(body, bytes);
        if (end) this.#large.delete(body.stream);
        this.flush();
      }
    }
  }

  #copyBody(body: LargeBody, bytes: number): void {
    let wanted = bytes;
    while (wanted > 0) {
      const part = body.parts[body.part] as Buffer;
      const taken = part.copy(
        this.#buffer,
        this.#used,
        body.offset,
        Math.min(part.length, body.offset + wanted),
      );
      this.#used += taken;
      body.offset += taken;
      body.left -= taken;
      wanted -= taken;
      if (body.offset === part.length) {
        body.part++;
        body.offset = 0;
      }
    }
  }
}
