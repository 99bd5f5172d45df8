/** Frames survive any splitting of the byte stream; nonsense is refused and never hangs or crashes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChannelProtocolError,
  FLAG_END,
  FRAME,
  type FrameType,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
  writeHeader,
} from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';

interface Frame {
  readonly type: FrameType;
  readonly end: boolean;
  readonly stream: number;
  readonly payload: Buffer;
}

function encode({ type, end, stream, payload }: Frame): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  writeHeader(header, 0, payload.length, type, end ? FLAG_END : 0, stream);
  return Buffer.concat([header, payload]);
}

function decode(chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder((type, end, stream, payload) => {
    frames.push({ type, end, stream, payload: Buffer.from(payload) });
  });
  for (const chunk of chunks) decoder.push(chunk);
  return frames;
}

const frame: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(...Object.values(FRAME)),
  end: fc.boolean(),
  stream: fc.nat(0xffffffff),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

describe('FrameDecoder', () => {
  it('decodes the same frames from any split of the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 10 }),
        fc.array(fc.nat(4_000), { maxLength: 40 }),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.map(encode));
          const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
          expect(decode(chunks)).toEqual(frames);
        },
      ),
    );
  });

  it('decodes frames that come byte by byte', () => {
    const frames: Frame[] = [
      { type: FRAME.PING, end: true, stream: 0, payload: Buffer.alloc(0) },
      { type: FRAME.BODY, end: false, stream: 7, payload: Buffer.from('abc') },
    ];
    const bytes = Buffer.concat(frames.map(encode));
    expect(decode(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(frames);
  });

  it('takes a frame of the longest payload and refuses one byte more at its header', () => {
    const longest: Frame = {
      type: FRAME.BODY,
      end: true,
      stream: 1,
      payload: Buffer.alloc(MAX_PAYLOAD_BYTES),
    };
    expect(decode([encode(longest)])).toHaveLength(1);
    const header = Buffer.alloc(HEADER_BYTES);
    writeHeader(header, 0, MAX_PAYLOAD_BYTES + 1, FRAME.BODY, 0, 1);
    expect(() => decode([header])).toThrow(ChannelProtocolError);
  });

  it('refuses unknown types and reserved bits', () => {
    const good = encode({ type: FRAME.PING, end: true, stream: 0, payload: Buffer.alloc(0) });
    for (const [offset, value] of [
      [4, 0],
      [4, 99],
      [5, 2],
      [6, 1],
      [7, 1],
    ] as const) {
      const bad = Buffer.from(good);
      bad[offset] = value;
      expect(() => decode([bad]), `byte ${offset} = ${value}`).toThrow(ChannelProtocolError);
    }
  });

  it('meets random bytes with frames or with a protocol error, and with nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        try {
          decode(chunks.map((chunk) => Buffer.from(chunk)));
        } catch (error) {
          expect(error).toBeInstanceOf(ChannelProtocolError);
        }
      }),
    );
  });
});
