/** What an answer over HTTP means for the request: the model's answer, an error, or that it is to go elsewhere. */
import type { WorkerError, WorkerErrorCode } from './messages.ts';

/** Of what a server says of an error, so much is read, in bytes. */
export const MAX_ERROR_BODY_BYTES = 64 * 1024;
const MAX_MESSAGE_CHARS = 1000;

/** 'busy' when nothing was done and another worker may take the request. @param status not 200 */
export function readErrorAnswer(status: number, body: readonly Buffer[]): WorkerError | 'busy' {
  if (status === 429 || status === 503) return 'busy';
  return { code: errorCode(status), message: errorText(body) || `the server answered ${status}` };
}

function errorCode(status: number): WorkerErrorCode {
  switch (status) {
    case 400:
    case 404:
    case 413:
    case 415:
    case 422:
      return 'INVALID_REQUEST';
    case 504:
      return 'DEADLINE_EXCEEDED';
    default:
      // What is below 500 (401, a redirection) is no fault of the client's, who knows nothing of this server.
      return status >= 500 ? 'INFERENCE_FAILED' : 'INTERNAL';
  }
}

/** The protocol has `{"error": string}`; other servers write what they like. */
function errorText(body: readonly Buffer[]): string {
  const text = Buffer.concat(body).toString('utf8').trim();
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error.slice(0, MAX_MESSAGE_CHARS);
  } catch {
    // It is shown as it is.
  }
  return text.slice(0, MAX_MESSAGE_CHARS);
}

/**
 * The length of the JSON in front of binary tensors, as a header says it; undefined where there is no such header.
 * NaN when it cannot be.
 */
export function readJsonBytes(header: string | string[] | undefined, bodyBytes: number): number | undefined {
  if (header === undefined) return undefined;
  const bytes = /^\d{1,10}$/.test(String(header)) ? Number(header) : Number.NaN;
  return bytes <= bodyBytes ? bytes : Number.NaN;
}
