/** What the payloads of the turntable channel's frames mean. All numbers are little-endian. */
import { ChannelProtocolError } from './frame.ts';

const PROTOCOL_VERSION = 1;

/** "TTBL": tells at the first frame whether the peer speaks this protocol at all. */
const MAGIC = 0x4c425454;

/** jsonBytes of a message whose body is JSON from end to end. */
const ALL_JSON = 0xffffffff;

export const REQUEST_HEAD_BYTES = 12;
export const RESPONSE_HEAD_BYTES = 32;

/** The head of a request for inference. */
export interface RequestHead {
  readonly bodyBytes: number;
  /** Bytes of JSON before the binary tensors; undefined when the body is JSON from end to end. */
  readonly jsonBytes: number | undefined;
  /** What is left of the request's time when it is sent, in milliseconds. */
  readonly timeoutMs: number;
}

/** Where a request's time went at the worker, in microseconds, and what it shared a run with. */
export interface WorkerTimings {
  readonly queueUs: number;
  readonly decodeUs: number;
  readonly inferUs: number;
  readonly encodeUs: number;
  /** Rows of this request. */
  readonly rows: number;
  /** Rows of the largest run that it took part in, over all requests. */
  readonly batchRows: number;
}

/** The head of a response. */
export interface ResponseHead extends WorkerTimings {
  readonly bodyBytes: number;
  readonly jsonBytes: number | undefined;
}

/** Why a worker could not answer. */
export type WorkerErrorCode =
  /** The request is wrong; the same request fails everywhere. */
  | 'INVALID_REQUEST'
  /** The answer exists but the form asked for cannot carry it. */
  | 'NOT_REPRESENTABLE'
  /** The model failed on this input. */
  | 'INFERENCE_FAILED'
  /** Its time ran out before it was run. */
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL';

const ERROR_CODES: readonly WorkerErrorCode[] = [
  'INVALID_REQUEST',
  'NOT_REPRESENTABLE',
  'INFERENCE_FAILED',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
];

export interface WorkerError {
  readonly code: WorkerErrorCode;
  readonly message: string;
}

/** Longest error message that is sent, in bytes. */
const MAX_ERROR_BYTES = 1000;

export function writeRequestHead(out: Buffer, head: RequestHead): void {
  out.writeUInt32LE(head.bodyBytes, 0);
  out.writeUInt32LE(head.jsonBytes ?? ALL_JSON, 4);
  out.writeUInt32LE(clampU32(head.timeoutMs), 8);
}

/** @throws ChannelProtocolError */
export function readRequestHead(payload: Buffer): RequestHead {
  if (payload.length < REQUEST_HEAD_BYTES) throw new ChannelProtocolError('request head is too short');
  return {
    bodyBytes: payload.readUInt32LE(0),
    jsonBytes: readJsonBytes(payload.readUInt32LE(4)),
    timeoutMs: payload.readUInt32LE(8),
  };
}

export function writeResponseHead(out: Buffer, head: ResponseHead): void {
  out.writeUInt32LE(head.bodyBytes, 0);
  out.writeUInt32LE(head.jsonBytes ?? ALL_JSON, 4);
  out.writeUInt32LE(clampU32(head.queueUs), 8);
  out.writeUInt32LE(clampU32(head.decodeUs), 12);
  out.writeUInt32LE(clampU32(head.inferUs), 16);
  out.writeUInt32LE(clampU32(head.encodeUs), 20);
  out.writeUInt32LE(head.rows, 24);
  out.writeUInt32LE(head.batchRows, 28);
}

/** @throws ChannelProtocolError */
export function readResponseHead(payload: Buffer): ResponseHead {
  if (payload.length < RESPONSE_HEAD_BYTES) throw new ChannelProtocolError('response head is too short');
  return {
    bodyBytes: payload.readUInt32LE(0),
    jsonBytes: readJsonBytes(payload.readUInt32LE(4)),
    queueUs: payload.readUInt32LE(8),
    decodeUs: payload.readUInt32LE(12),
    inferUs: payload.readUInt32LE(16),
    encodeUs: payload.readUInt32LE(20),
    rows: payload.readUInt32LE(24),
    batchRows: payload.readUInt32LE(28),
  };
}

export function encodeHello(name: string): Buffer {
  const hello = Buffer.alloc(8 + Buffer.byteLength(name));
  hello.writeUInt32LE(MAGIC, 0);
  hello.writeUInt32LE(PROTOCOL_VERSION, 4);
  hello.write(name, 8);
  return hello;
}

/**
 * The name that the peer gave itself.
 * @throws ChannelProtocolError when it speaks another protocol or another version of this one
 */
export function readHello(payload: Buffer): string {
  if (payload.length < 8 || payload.readUInt32LE(0) !== MAGIC) {
    throw new ChannelProtocolError('the peer does not speak the turntable channel');
  }
  const version = payload.readUInt32LE(4);
  if (version !== PROTOCOL_VERSION) {
    throw new ChannelProtocolError(`the peer speaks channel version ${version}, this is ${PROTOCOL_VERSION}`);
  }
  return payload.toString('utf8', 8);
}

export function encodeError(error: WorkerError): Buffer {
  const message = Buffer.from(error.message, 'utf8').subarray(0, MAX_ERROR_BYTES);
  return Buffer.concat([Buffer.from([ERROR_CODES.indexOf(error.code)]), message]);
}

/** @throws ChannelProtocolError */
export function readError(payload: Buffer): WorkerError {
  const code = ERROR_CODES[payload[0] ?? -1];
  if (code === undefined) throw new ChannelProtocolError('error frame with an unknown code');
  return { code, message: payload.toString('utf8', 1) };
}

function readJsonBytes(value: number): number | undefined {
  return value === ALL_JSON ? undefined : value;
}

function clampU32(value: number): number {
  return Math.max(0, Math.min(0xfffffffe, Math.round(value)));
}
