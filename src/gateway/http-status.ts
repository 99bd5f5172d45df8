/** The one place that knows which HTTP status an outcome has. */
import type { ExchangeErrorCode } from './exchange.ts';

/** Nginx's code for a client that left before the answer; it stands in metrics and logs and is never sent. */
export const STATUS_CLIENT_LEFT = 499;

/** Problems of the request itself, found by the gateway. */
export type RequestFault =
  | 'BAD_REQUEST'
  | 'UNKNOWN_MODEL'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'BODY_TIMEOUT'
  | 'BODY_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA'
  | 'UNSUPPORTED';

export type HttpErrorCode = ExchangeErrorCode | RequestFault;

const STATUS: Readonly<Record<HttpErrorCode, number>> = {
  BAD_REQUEST: 400,
  INVALID_REQUEST: 400,
  UNKNOWN_MODEL: 404,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TIMEOUT: 408,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA: 415,
  NOT_REPRESENTABLE: 500,
  INFERENCE_FAILED: 500,
  INTERNAL: 500,
  UNSUPPORTED: 501,
  WORKERS_LOST: 502,
  UNAVAILABLE: 503,
  TIMED_OUT: 504,
  DEADLINE_EXCEEDED: 504,
};

export function httpStatus(code: HttpErrorCode): number {
  return STATUS[code];
}
