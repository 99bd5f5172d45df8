/** Cuts a byte stream into frames, however the bytes were split on their way. */
import {
  ChannelProtocolError,
  FLAG_END,
  type FrameType,
  HEADER_BYTES,
  isFrameType,
  MAX_PAYLOAD_BYTES,
} from './frame.ts';

/** Receives one frame; `payload` is a view of the received bytes. */
export type FrameListener = (type: FrameType, end: boolean, stream: number, payload: Buffer) => void;

const NOTHING = Buffer.alloc(0);

export class FrameDecoder {
  readonly #onFrame: FrameListener;
  /** The beginning of a frame whose rest has not come yet; at most one frame long. */
  #rest: Buffer = NOTHING;

  constructor(onFrame: FrameListener) {
    this.#onFrame = onFrame;
  }

  /**
   * Takes the next bytes and calls back for each frame that they complete.
   * @throws ChannelProtocolError when the bytes cannot be frames; the decoder is of no use afterwards.
   */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? this.#completeRest(chunk) : chunk;
    if (!bytes) return;
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + checkHeader(bytes, at);
      if (end > bytes.length) break;
      this.#emit(bytes, at, end);
      at = end;
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : NOTHING;
  }

  /** Ends the frame that was begun with no more of the chunk than it needs; the chunk's rest, or undefined. */
  #completeRest(chunk: Buffer): Buffer | undefined {
    let rest = this.#rest;
    let used = 0;
    const take = (until: number) => {
      const taken = chunk.subarray(used, used + Math.max(0, until - rest.length));
      used += taken.length;
      rest = Buffer.concat([rest, taken]);
    };
    if (rest.length < HEADER_BYTES) take(HEADER_BYTES);
    if (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + checkHeader(rest, 0);
      take(end);
      if (rest.length === end) {
        this.#rest = NOTHING;
        this.#emit(rest, 0, end);
        return chunk.subarray(used);
      }
    }
    this.#rest = rest;
    return undefined;
  }

  #emit(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 4] as FrameType;
    const stream = bytes.readUInt32LE(at + 8);
    this.#onFrame(type, bytes[at + 5] === FLAG_END, stream, bytes.subarray(at + HEADER_BYTES, end));
  }
}

/**
 * The length of a frame's payload. Checked before the payload has come, so that nonsense is noticed at its header
 * and never waited for.
 */
function checkHeader(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32LE(at);
  const type = bytes[at + 4] as number;
  const flags = bytes[at + 5] as number;
  if (length > MAX_PAYLOAD_BYTES) {
    throw new ChannelProtocolError(`frame of ${length} bytes is over the limit of ${MAX_PAYLOAD_BYTES}`);
  }
  if (!isFrameType(type)) throw new ChannelProtocolError(`unknown frame type ${type}`);
  if ((flags & ~FLAG_END) !== 0 || bytes[at + 6] !== 0 || bytes[at + 7] !== 0) {
    throw new ChannelProtocolError('reserved bits of a frame header are set');
  }
  return length;
}
