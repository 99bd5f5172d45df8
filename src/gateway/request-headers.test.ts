/** Headers are found whatever their case, the first of several counts, and what must be refused is. */
import { describe, expect, it } from 'vitest';
import { readHeaders } from './request-headers.ts';

describe('readHeaders', () => {
  it('finds headers whatever their case, and takes the first', () => {
    const raw = [
      'HOST',
      'a',
      'X-Request-ID',
      'one',
      'x-request-id',
      'two',
      'CoNtEnT-tYpE',
      'application/json',
    ];
    expect(readHeaders(raw)).toMatchObject({
      requestId: 'one',
      contentType: 'application/json',
      fault: undefined,
    });
    expect(readHeaders(['Inference-Header-Content-Length', '12', 'Content-Length', '34'])).toMatchObject({
      jsonLength: '12',
      contentLength: '34',
    });
  });

  it('refuses two hosts and transfer codings other than chunked', () => {
    expect(readHeaders(['Host', 'a', 'host', 'a']).fault?.code).toBe('BAD_REQUEST');
    expect(readHeaders(['Host', 'a', 'Transfer-Encoding', 'chunked']).fault).toBeUndefined();
    expect(readHeaders(['Host', 'a', 'Transfer-Encoding', 'gzip, chunked']).fault?.code).toBe('UNSUPPORTED');
  });
});
