/** Answers as text for the socket, the same as the HTTP server's (RFC 9112, section 4). */
import { STATUS_CODES } from 'node:http';
import type { ChannelResponse } from '../../channel/channel.ts';
import { type HttpErrorCode, httpStatus } from '../http-status.ts';
import { errorBody, errorHeaders } from '../reply.ts';

/** @param end what every head ends with: date and connection */
export function successHead(
  { bodyBytes, jsonBytes }: ChannelResponse,
  requestId: string,
  end: string,
): string {
  return jsonBytes === undefined
    ? `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${bodyBytes}\r\nx-request-id: ${requestId}\r\n${end}`
    : `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${bodyBytes}\r\nx-request-id: ${requestId}\r\ninference-header-content-length: ${jsonBytes}\r\n${end}`;
}

export function errorText(code: HttpErrorCode, message: string, requestId: string, end: string): string {
  const status = httpStatus(code);
  const body = errorBody(message);
  const headers = errorHeaders(status, 'application/json', body, { 'x-request-id': requestId });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}${end}${body}`;
}

/** The end of a head: when it was made, and whether the connection stays for more. @param keepAliveMs null: it does not */
export function headEnd(date: Date, keepAliveMs: number | null): string {
  const connection =
    keepAliveMs === null
      ? 'Connection: close'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}`;
  return `Date: ${date.toUTCString()}\r\n${connection}\r\n\r\n`;
}
