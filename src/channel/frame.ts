/**
 * The frame of the turntable channel: a fixed header and a payload, multiplexed by stream over one connection.
 *
 * Header, 12 bytes, little-endian:
 *
 *     u32 payload length   u8 type   u8 flags   u16 zero   u32 stream
 *
 * Stream 0 is the connection itself. A request and its response share the stream number that the client chose.
 * A body longer than {@link PART_BYTES} continues in BODY frames, so that a small message never waits behind
 * more than one part of a large one.
 */
import { TurntableError } from '../turntable-error.ts';

export const HEADER_BYTES = 12;

/** Body bytes in one frame at most. */
export const PART_BYTES = 64 * 1024;

/** Payload bytes at most: one part and the longest message head. */
export const MAX_PAYLOAD_BYTES = PART_BYTES + 1024;

/** The last frame of a request or of a response. */
export const FLAG_END = 1;

export const FRAME = {
  /** Both ways, first on a connection: protocol version and who speaks. */
  HELLO: 1,
  /** Client to server: opens a stream with a request's head and first part. */
  REQUEST: 2,
  /** Both ways: a further part of a body. */
  BODY: 3,
  /** Server to client: a response's head and first part. */
  RESPONSE: 4,
  /** Server to client: the stream ended with an error. */
  ERROR: 5,
  /** Client to server: nobody wants the answer any more. */
  CANCEL: 6,
  /** Server to client: not accepted and nothing done; send it elsewhere. */
  BUSY: 7,
  PING: 8,
  PONG: 9,
  /** Server to client: send no new requests. Client to server: understood, none will come. */
  DRAIN: 10,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(FRAME));

/** The peer does not speak this protocol, or broke it; the connection is of no further use. */
export class ChannelProtocolError extends TurntableError<'CHANNEL_PROTOCOL'> {
  constructor(message: string) {
    super('CHANNEL_PROTOCOL', message);
  }
}

export function isFrameType(type: number): type is FrameType {
  return KNOWN_TYPES.has(type);
}

/** Writes a frame header at `offset` of `out`. */
export function writeHeader(
  out: Buffer,
  offset: number,
  payloadBytes: number,
  type: FrameType,
  flags: number,
  stream: number,
): void {
  out.writeUInt32LE(payloadBytes, offset);
  out[offset + 4] = type;
  out[offset + 5] = flags;
  out[offset + 6] = 0;
  out[offset + 7] = 0;
  out.writeUInt32LE(stream, offset + 8);
}
