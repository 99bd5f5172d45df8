/** Answers to what does not come through as a request: broken, too large in its head, or too slow. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** What is being received on a connection, and can answer for itself when the rest does not come in time. */
export interface Receiving {
  /** False when it is complete, so that what did not come in time is something else. */
  onReceiveTimeout(): boolean;
}

/** Set on a connection while a body comes in. */
export const RECEIVING = Symbol('receiving');

export type ReceivingSocket = Duplex & { [RECEIVING]?: Receiving | undefined };

const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** Listener for the HTTP server's `clientError`. */
export function answerClientError(error: NodeJS.ErrnoException, socket: ReceivingSocket): void {
  const receiving = socket[RECEIVING];
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && receiving?.onReceiveTimeout()) {
    socket.end();
    return;
  }
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ error: STATUS_CODES[status] });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
