/** Heads and small payloads of the channel come out as they went in; nonsense is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelProtocolError } from './frame.ts';
import {
  encodeError,
  encodeHello,
  REQUEST_HEAD_BYTES,
  RESPONSE_HEAD_BYTES,
  readError,
  readHello,
  readRequestHead,
  readResponseHead,
  writeRequestHead,
  writeResponseHead,
} from './messages.ts';

const u32 = fc.nat(0xfffffffe);
const jsonBytes = fc.option(fc.nat(1_000_000), { nil: undefined });

describe('channel messages', () => {
  it('keep request heads', () => {
    fc.assert(
      fc.property(fc.record({ bodyBytes: u32, jsonBytes, timeoutMs: u32 }), (head) => {
        const out = Buffer.alloc(REQUEST_HEAD_BYTES);
        writeRequestHead(out, head);
        expect(readRequestHead(out)).toEqual(head);
      }),
    );
  });

  it('keep response heads, times clamped to what fits', () => {
    const numbers = { queueUs: u32, decodeUs: u32, inferUs: u32, encodeUs: u32, rows: u32, batchRows: u32 };
    fc.assert(
      fc.property(fc.record({ bodyBytes: u32, jsonBytes, ...numbers }), (head) => {
        const out = Buffer.alloc(RESPONSE_HEAD_BYTES);
        writeResponseHead(out, head);
        expect(readResponseHead(out)).toEqual(head);
        writeResponseHead(out, { ...head, queueUs: -1, inferUs: 1e18 });
        expect(readResponseHead(out)).toMatchObject({ queueUs: 0, inferUs: 0xfffffffe });
      }),
    );
  });

  it('keep errors, their text cut at a bound', () => {
    const error = { code: 'INFERENCE_FAILED', message: 'größer als erlaubt' } as const;
    expect(readError(encodeError(error))).toEqual(error);
    expect(encodeError({ ...error, message: 'x'.repeat(100_000) }).length).toBeLessThan(2_000);
    expect(() => readError(Buffer.from([99, 65]))).toThrow(ChannelProtocolError);
    expect(() => readError(Buffer.alloc(0))).toThrow(ChannelProtocolError);
  });

  it('introduce only those who speak this protocol and version', () => {
    expect(readHello(encodeHello('fraud-1-abc'))).toBe('fraud-1-abc');
    expect(() => readHello(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(/does not speak/);
    const other = encodeHello('w');
    other.writeUInt32LE(99, 4);
    expect(() => readHello(other)).toThrow(/version 99/);
  });

  it('refuse heads that are too short', () => {
    expect(() => readRequestHead(Buffer.alloc(REQUEST_HEAD_BYTES - 1))).toThrow(ChannelProtocolError);
    expect(() => readResponseHead(Buffer.alloc(RESPONSE_HEAD_BYTES - 1))).toThrow(ChannelProtocolError);
  });
});
