/** Writes messages as frames: small ones gathered into one system call, large bodies part by part in between. */
import type { Socket } from 'node:net';
import { FLAG_END, FRAME, type FrameType, HEADER_BYTES, PART_BYTES, writeHeader } from './frame.ts';

/** A gateway has a writer for each of perhaps thousands of workers: one begins small, and grows with what it is given. */
const FIRST_BUFFER_BYTES = 4 * 1024;
const MAX_BUFFER_BYTES = 2 * PART_BYTES;
/** Parts of large bodies that are sent before the event loop turns to others. */
const PARTS_A_TURN = 4;

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
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  #used = 0;
  #flushing = false;
  #pumping = false;
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
    if (this.#socket.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(this.#buffer.length);
    this.#used = 0;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > MAX_BUFFER_BYTES) this.flush();
    if (this.#used + bytes > this.#buffer.length) this.#grow(this.#used + bytes);
  }

  #grow(wanted: number): void {
    let length = 2 * this.#buffer.length;
    while (length < wanted) length *= 2;
    const larger = Buffer.allocUnsafeSlow(Math.min(length, MAX_BUFFER_BYTES));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
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

  /** One part of each large body in turn, for as long as the socket takes them and others do not wait too long. */
  #pumpLarge(): void {
    if (this.#pumping || this.#large.size === 0) return;
    // What was gathered goes first: a body follows the head that opened its stream.
    this.flush();
    let parts = 0;
    while (this.#large.size > 0 && !this.#socket.destroyed) {
      for (const body of this.#large.values()) {
        if (this.#socket.writableNeedDrain) return;
        if (parts++ === PARTS_A_TURN) {
          this.#pumping = true;
          setImmediate(() => {
            this.#pumping = false;
            this.#pumpLarge();
          });
          return;
        }
        this.#writePart(body);
      }
    }
  }

  /** Sends the next part of a large body as it lies in memory. */
  #writePart(body: LargeBody): void {
    let wanted = Math.min(body.left, PART_BYTES);
    const end = wanted === body.left;
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    writeHeader(header, 0, wanted, FRAME.BODY, end ? FLAG_END : 0, body.stream);
    this.#socket.cork();
    this.#socket.write(header);
    while (wanted > 0) {
      const chunk = body.parts[body.part] as Buffer;
      const slice = chunk.subarray(body.offset, body.offset + wanted);
      this.#socket.write(slice);
      wanted -= slice.length;
      this.#advance(body, slice.length);
    }
    this.#socket.uncork();
    if (end) this.#large.delete(body.stream);
  }

  #copyBody(body: LargeBody, bytes: number): void {
    let wanted = bytes;
    while (wanted > 0) {
      const chunk = body.parts[body.part] as Buffer;
      const end = Math.min(chunk.length, body.offset + wanted);
      const taken = chunk.copy(this.#buffer, this.#used, body.offset, end);
      this.#used += taken;
      wanted -= taken;
      this.#advance(body, taken);
    }
  }

  #advance(body: LargeBody, bytes: number): void {
    body.offset += bytes;
    body.left -= bytes;
    if (body.offset < (body.parts[body.part] as Buffer).length) return;
    body.part++;
    body.offset = 0;
  }
}
