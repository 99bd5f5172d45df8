/** Who asks for an inference: takes the one answer to its request, over whatever connection it came. */
import type { ChannelResponse } from '../channel/channel.ts';
import type { HttpErrorCode } from './http-status.ts';

/** Answers up to this size go out in one write with their header; larger ones are not worth the copy. */
export const SMALL_ANSWER_BYTES = 16 * 1024;
/** A body that is announced and no longer than this is heard out, whatever the answer. */
export const SHORT_BODY_BYTES = 64 * 1024;

export interface InferClient {
  /**
   * Sends a model's answer.
   * @returns whether it has left; if not, the call is to be told when it has
   */
  answer(requestId: string, response: ChannelResponse): boolean;

  /** Sends an error. @param ends nothing that follows on the connection is read */
  error(code: HttpErrorCode, message: string, requestId: string, ends: boolean): void;

  /** Drops what still comes of a body that is too large, and in a while the connection. */
  lingerThenCut(): void;
}
