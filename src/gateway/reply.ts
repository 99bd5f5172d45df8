/** Writing HTTP answers: JSON, and errors in the form that the protocol at hand prescribes. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type HttpErrorCode, httpStatus } from './http-status.ts';

/** Seconds after which a client may try again when there was no room. */
const RETRY_AFTER_S = '1';

export function replyJson(res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

export function replyText(
  res: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
): void {
  res.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

/** An error as the Open Inference Protocol prescribes it: `{"error": string}`. */
export function replyError(
  res: ServerResponse,
  code: HttpErrorCode,
  message: string,
  headers: Record<string, string> = {},
): void {
  send(res, code, 'application/json', errorBody(message), headers);
}

export function errorBody(message: string): string {
  return JSON.stringify({ error: message });
}

/** An error outside the protocol's paths: RFC 9457. */
export function replyProblem(
  res: ServerResponse,
  code: HttpErrorCode,
  message: string,
  headers: Record<string, string> = {},
): void {
  const status = httpStatus(code);
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail: message });
  send(res, code, 'application/problem+json', body, headers);
}

/** What is said of a model or version that is not served. */
export function unknownModel(id_model: string, version: string | undefined): string {
  const what = version === undefined ? '' : ` version "${version}"`;
  return `unknown model "${id_model}"${what}; GET /v2/models lists those served`;
}

/** Headers of an error's answer, but for those that every answer has. */
export function errorHeaders(
  status: number,
  contentType: string,
  body: string,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
    ...(status === 503 ? { 'retry-after': RETRY_AFTER_S } : {}),
    ...more,
  };
}

function send(
  res: ServerResponse,
  code: HttpErrorCode,
  contentType: string,
  body: string,
  headers: Record<string, string>,
): void {
  if (res.headersSent || res.destroyed) return;
  const status = httpStatus(code);
  res.writeHead(status, errorHeaders(status, contentType, body, headers));
  res.end(body);
}
