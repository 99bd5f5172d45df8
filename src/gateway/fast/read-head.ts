/**
 * Reads the head of an ordinary inference request in one pass. Strict: what is not wholly ordinary is left to the HTTP
 * server's parser, which alone decides what is wrong. What is accepted here that parser accepts too, and understands
 * in the same way (RFC 9112, sections 3 and 5); a fuzzed test holds the two against each other.
 */
import {
  newRequestHeaders,
  PRIORITY_HEADER,
  type RequestHeaders,
  TIMEOUT_HEADER,
} from '../request-headers.ts';

/** A head that was read; overwritten by the next. */
export interface FastHead {
  /** The request target, as sent. */
  target: string;
  /** Of the head, its empty line included. */
  headBytes: number;
  /** Of the body; at least 1. */
  contentLength: number;
  headers: RequestHeaders;
}

/** Ordinary heads are far shorter; the HTTP server takes 16 KB. */
const MAX_HEAD_BYTES = 4 * 1024;
const START = 'POST /';
const VERSION = ' HTTP/1.1\r\n';
/** Without a sign, and within what a number holds exactly. */
const LENGTH = /^[1-9]\d{0,8}$/;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

/** 1 for bytes that header names are made of: fewer than RFC 9110 allows (section 5.6.2). */
const NAME = new Uint8Array(256);
/** 1 for bytes that values are made of: visible ASCII, spaces and tabs. */
const VALUE = new Uint8Array(256);
for (const byte of Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_'))
  NAME[byte] = 1;
for (let byte = SPACE; byte < 127; byte++) VALUE[byte] = 1;
VALUE[TAB] = 1;
/** 1 for bytes that targets are made of: those that need no escape, and no fragment. */
const TARGET = NAME.slice();
for (const byte of Buffer.from("/.~%?&=+:@,;!$'()*")) TARGET[byte] = 1;

export function newFastHead(): FastHead {
  return { target: '', headBytes: 0, contentLength: 0, headers: newRequestHeaders() };
}

/**
 * @param bytes from the first of a request on
 * @returns false when this is not a whole head of an ordinary POST with a body of a known length
 */
export function readFastHead(bytes: Buffer, head: FastHead): boolean {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, MAX_HEAD_BYTES));
  if (!text.startsWith(START)) return false;
  let end = START.length;
  while (TARGET[text.charCodeAt(end)] === 1) end++;
  if (!text.startsWith(VERSION, end)) return false;
  head.target = text.slice(START.length - 1, end);
  head.headers = newRequestHeaders();
  head.contentLength = 0;
  return readFields(text, end + VERSION.length, head);
}

function readFields(text: string, start: number, head: FastHead): boolean {
  let hosts = 0;
  let at = start;
  for (;;) {
    const name = at;
    while (NAME[text.charCodeAt(at)] === 1) at++;
    const colon = at;
    if (colon === name) break;
    if (text.charCodeAt(at++) !== COLON) return false;
    while (isBlank(text.charCodeAt(at))) at++;
    const value = at;
    while (VALUE[text.charCodeAt(at)] === 1) at++;
    if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF) return false;
    let end = at;
    while (end > value && isBlank(text.charCodeAt(end - 1))) end--;
    at += 2;
    if (end === value) return false;
    if (isNamed(text, name, colon, 'host')) hosts++;
    else if (!readField(text, name, colon, value, end, head)) return false;
  }
  head.headBytes = at + 2;
  return (
    text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF && hosts === 1 && head.contentLength > 0
  );
}

/** Takes a field that means something here; false for one that makes a request extraordinary, or stands twice. */
function readField(
  text: string,
  name: number,
  colon: number,
  start: number,
  end: number,
  head: FastHead,
): boolean {
  const { headers } = head;
  // Told apart by length first: most fields need no other look.
  switch (colon - name) {
    case 6:
      return !isNamed(text, name, colon, 'expect');
    case 7:
      return !isNamed(text, name, colon, 'upgrade') && !isNamed(text, name, colon, 'trailer');
    case 10:
      return !isNamed(text, name, colon, 'connection') || isNamed(text, start, end, 'keep-alive');
    case 12:
      if (isNamed(text, name, colon, 'content-type')) {
        if (headers.contentType !== undefined) return false;
        headers.contentType = text.slice(start, end);
      } else if (isNamed(text, name, colon, 'x-request-id')) {
        if (headers.requestId !== undefined) return false;
        headers.requestId = text.slice(start, end);
      }
      return true;
    case 14: {
      if (!isNamed(text, name, colon, 'content-length')) return true;
      const length = text.slice(start, end);
      if (head.contentLength !== 0 || !LENGTH.test(length)) return false;
      headers.contentLength = length;
      head.contentLength = Number(length);
      return true;
    }
    case 16:
      return (
        !isNamed(text, name, colon, 'content-encoding') && !isNamed(text, name, colon, 'proxy-connection')
      );
    case 17:
      return !isNamed(text, name, colon, 'transfer-encoding');
    case 18:
      if (!isNamed(text, name, colon, PRIORITY_HEADER)) return true;
      if (headers.priority !== undefined) return false;
      headers.priority = text.slice(start, end);
      return true;
    case 20:
      if (!isNamed(text, name, colon, TIMEOUT_HEADER)) return true;
      if (headers.timeout !== undefined) return false;
      headers.timeout = text.slice(start, end);
      return true;
    case 31:
      if (!isNamed(text, name, colon, 'inference-header-content-length')) return true;
      if (headers.jsonLength !== undefined) return false;
      headers.jsonLength = text.slice(start, end);
      return true;
    default:
      return true;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Whether the text from `start` to `end` is `lower`, in letters of any case. */
function isNamed(text: string, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const code = text.charCodeAt(start + i);
    const small = code >= 65 && code <= 90 ? code + 32 : code;
    if (small !== lower.charCodeAt(i)) return false;
  }
  return true;
}
