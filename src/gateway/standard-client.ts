/** An inference request that came through the HTTP server: brings its body to the call, and the answer to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChannelResponse } from '../channel/channel.ts';
import { RECEIVING, REFUSED, type Receiving, type ReceivingSocket } from './client-error.ts';
import type { HttpErrorCode } from './http-status.ts';
import type { InferCall } from './infer-call.ts';
import { type InferClient, SHORT_BODY_BYTES, SMALL_ANSWER_BYTES } from './infer-client.ts';
import type { InferHandler } from './infer-handler.ts';
import { lingerThenCut } from './linger.ts';
import { replyError } from './reply.ts';
import { readHeaders } from './request-headers.ts';

export class StandardClient implements InferClient, Receiving {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  /** The client waits for leave to send its body. */
  readonly #expectsContinue: boolean;
  #call: InferCall | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean) {
    this.#req = req;
    this.#res = res;
    this.#expectsContinue = expectsContinue;
  }

  /** Has the request answered. */
  begin(infer: InferHandler, id_model: string, version: string | undefined): void {
    const req = this.#req;
    const headers = readHeaders(req.rawHeaders);
    const call = infer.begin(headers, id_model, version, this);
    if (!call) {
      // Hearing out a body that has come already, or nearly, costs less than a new connection.
      if (!headers.fault && Number(headers.contentLength) <= SHORT_BODY_BYTES) req.resume();
      else lingerThenCut(req);
      return;
    }
    this.#call = call;
    if (this.#expectsContinue) this.#res.writeContinue();
    (req.socket as ReceivingSocket)[RECEIVING] = this;
    req.on('data', (chunk: Buffer) => call.onData(chunk));
    req.on('end', () => call.onBody());
    this.#res.on('close', () => call.onClose());
  }

  onReceiveTimeout(): boolean {
    return this.#call?.onReceiveTimeout() ?? false;
  }

  answer(requestId: string, { body, bodyBytes, jsonBytes }: ChannelResponse): boolean {
    const headers = [
      'content-type',
      jsonBytes === undefined ? 'application/json' : 'application/octet-stream',
      'content-length',
      String(bodyBytes),
      'x-request-id',
      requestId,
    ];
    if (jsonBytes !== undefined) headers.push('inference-header-content-length', String(jsonBytes));
    const res = this.#res;
    res.writeHead(200, headers);
    const [first] = body;
    if (body.length === 1 && first && first.length <= SMALL_ANSWER_BYTES) {
      // As a string of its bytes it is joined with the header and leaves in one system call.
      res.end(first.toString('latin1'), 'latin1');
    } else {
      for (const part of body) res.write(part);
      res.end();
    }
    // Whether it has left, its close tells.
    return false;
  }

  error(code: HttpErrorCode, message: string, requestId: string, ends: boolean): void {
    // A client that was refused leave to send will not send. Others are about to, and are heard out for a while.
    const refusedLeave = this.#expectsContinue && this.#call === undefined;
    if (ends && this.#call === undefined) (this.#req.socket as ReceivingSocket)[REFUSED] = true;
    replyError(this.#res, code, message, {
      'x-request-id': requestId,
      ...(refusedLeave || ends ? { connection: 'close' } : {}),
    });
  }

  lingerThenCut(): void {
    lingerThenCut(this.#req);
  }
}
