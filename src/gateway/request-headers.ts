/** The few request headers that the data path needs, read in one pass over the raw list. */

export interface RequestHeaders {
  contentType: string | undefined;
  contentEncoding: string | undefined;
  /** Text as sent; the HTTP parser has seen to it that it is a decimal number. */
  contentLength: string | undefined;
  /** Of the binary tensor extension: bytes of JSON before the binary part. */
  jsonLength: string | undefined;
  requestId: string | undefined;
}

/** @param raw names and values in turn, as Node's `rawHeaders` has them; cheaper than building its header object */
export function readHeaders(raw: readonly string[]): RequestHeaders {
  const headers: RequestHeaders = {
    contentType: undefined,
    contentEncoding: undefined,
    contentLength: undefined,
    jsonLength: undefined,
    requestId: undefined,
  };
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1];
    // Most headers are told apart by their length, without making a lower-case copy.
    switch (name.length) {
      case 12:
        if (name.toLowerCase() === 'content-type') headers.contentType ??= value;
        else if (name.toLowerCase() === 'x-request-id') headers.requestId ??= value;
        break;
      case 14:
        if (name.toLowerCase() === 'content-length') headers.contentLength ??= value;
        break;
      case 16:
        if (name.toLowerCase() === 'content-encoding') headers.contentEncoding ??= value;
        break;
      case 31:
        if (name.toLowerCase() === 'inference-header-content-length') headers.jsonLength ??= value;
        break;
    }
  }
  return headers;
}
