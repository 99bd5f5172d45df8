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

/** Set on a connection whose request was refused for its head: what follows on it is no request, and is not answered. */
export const REFUSED = Symbol('refused');

export type ReceivingSocket = Duplex & { [RECEIVING]?: Receiving | undefined; [REFUSED]?: boolean };

const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** Listener for the HTTP server's `clientError`. */
export function answerClientError(error: Pick<NodeJS.ErrnoException, 'code'>, socket: ReceivingSocket): void {
  const receiving = socket[RECEIVING];
  // Its answer closes the connection, after the answers to what came before on it.
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && receiving?.onReceiveTimeout()) return;
  if (error.code === 'ECONNRESET' || !socket.writable || socket[REFUSED]) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ error: STATUS_CODES[status] });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
