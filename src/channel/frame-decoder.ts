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

export class FrameDecoder {
  readonly #onFrame: FrameListener;
  /** The beginning of a frame whose rest has not come yet; at most one frame long. */
  #rest: Buffer | undefined;

  constructor(onFrame: FrameListener) {
    this.#onFrame = onFrame;
  }

  /**
   * Takes the next bytes and calls back for each frame that they complete.
   * @throws ChannelProtocolError when the bytes cannot be frames; the decoder is of no use afterwards.
   */
  push(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32LE(at);
      const type = bytes[at + 4] as number;
      const flags = bytes[at + 5] as number;
      // Checked before the payload has come, so that nonsense is noticed at its header and never waited for.
      if (length > MAX_PAYLOAD_BYTES) {
        throw new ChannelProtocolError(`frame of ${length} bytes is over the limit of ${MAX_PAYLOAD_BYTES}`);
      }
      if (!isFrameType(type)) throw new ChannelProtocolError(`unknown frame type ${type}`);
      if ((flags & ~FLAG_END) !== 0 || bytes[at + 6] !== 0 || bytes[at + 7] !== 0) {
        throw new ChannelProtocolError('reserved bits of a frame header are set');
      }
      const end = at + HEADER_BYTES + length;
      if (end > bytes.length) break;
      const stream = bytes.readUInt32LE(at + 8);
      this.#onFrame(type, (flags & FLAG_END) !== 0, stream, bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }
}
