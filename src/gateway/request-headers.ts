/** The few request headers that the gateway needs, read in one pass over the raw list. */
import type { RequestFault } from './http-status.ts';

export interface RequestHeaders {
  contentType: string | undefined;
  contentEncoding: string | undefined;
  /** Text as sent; the HTTP parser has seen to it that it is a decimal number. */
  contentLength: string | undefined;
  /** Of the binary tensor extension: bytes of JSON before the binary part. */
  jsonLength: string | undefined;
  requestId: string | undefined;
  /** Milliseconds that the client waits. */
  timeout: string | undefined;
  /** How important the request is among others. */
  priority: string | undefined;
  /** What the HTTP parser lets pass and a server must refuse. */
  fault: HeaderFault | undefined;
}

export interface HeaderFault {
  readonly code: RequestFault;
  readonly message: string;
}

export const TIMEOUT_HEADER = 'x-request-timeout-ms';
export const PRIORITY_HEADER = 'x-request-priority';

const TWO_HOSTS: HeaderFault = { code: 'BAD_REQUEST', message: 'the request has more than one Host header' };

/** Of a request that says nothing. */
export function newRequestHeaders(): RequestHeaders {
  return {
    contentType: undefined,
    contentEncoding: undefined,
    contentLength: undefined,
    jsonLength: undefined,
    requestId: undefined,
    timeout: undefined,
    priority: undefined,
    fault: undefined,
  };
}

/** @param raw names and values in turn, as Node's `rawHeaders` has them; cheaper than building its header object */
export function readHeaders(raw: readonly string[]): RequestHeaders {
  const headers = newRequestHeaders();
  let hosts = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    // Headers are told apart by their length first: most need no lower-case copy then.
    switch (name.length) {
      case 4:
        // RFC 9112, section 3.2: proxies choose differently between two.
        if (name.toLowerCase() === 'host' && ++hosts > 1) headers.fault = TWO_HOSTS;
        break;
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
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') headers.fault ??= transferCodingFault(value);
        break;
      case 18:
        if (name.toLowerCase() === PRIORITY_HEADER) headers.priority = once(headers.priority, value);
        break;
      case 20:
        if (name.toLowerCase() === TIMEOUT_HEADER) headers.timeout = once(headers.timeout, value);
        break;
      case 31:
        if (name.toLowerCase() === 'inference-header-content-length') headers.jsonLength ??= value;
        break;
    }
  }
  return headers;
}

/** A header that may stand once: twice it is no number, and is refused for that. */
function once(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** RFC 9112, section 6.1: a transfer coding that is not understood is refused with 501. */
function transferCodingFault(value: string): HeaderFault | undefined {
  if (value.trim().toLowerCase() === 'chunked') return undefined;
  return {
    code: 'UNSUPPORTED',
    message: `transfer-encoding "${value}" is not supported; send it plain or chunked`,
  };
}
