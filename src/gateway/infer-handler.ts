/** The door of the data path: refuses what can be refused before its body has come, and lets the rest in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { REFUSED, type ReceivingSocket } from './client-error.ts';
import { httpStatus } from './http-status.ts';
import { type CallTerms, InferCall } from './infer-call.ts';
import { type InferContext, type Refusal, TOO_MANY_BYTES } from './infer-context.ts';
import { lingerThenCut } from './linger.ts';
import type { VersionRoute } from './model-route.ts';
import { replyError, unknownModel } from './reply.ts';
import { type RequestHeaders, readHeaders } from './request-headers.ts';
import { priorityOf, termsFault, timeoutOf } from './request-terms.ts';

export class InferHandler {
  readonly #context: InferContext;

  constructor(context: InferContext) {
    this.#context = context;
  }

  /** @param expectsContinue the client waits for leave to send its body */
  handle(
    req: IncomingMessage,
    res: ServerResponse,
    id_model: string,
    version: string | undefined,
    expectsContinue: boolean,
  ): void {
    const headers = readHeaders(req.rawHeaders);
    const requestId = this.#context.options.requestIds.of(headers.requestId);
    const { fleet, requestTimeoutMs, maxRequestTimeoutMs, now } = this.#context.options;
    const route = fleet.find(id_model, version);
    const timeoutMs = timeoutOf(headers, requestTimeoutMs, maxRequestTimeoutMs) ?? 0;
    const priority = priorityOf(headers) ?? -1;
    const startedAt = now();
    const terms = { version, priority, timeoutMs, startedAt, deadlineAt: startedAt + timeoutMs };
    const refusal = route ? this.#refusal(headers, route, terms) : unknown(id_model, version);
    if (!route || refusal) {
      const { contentLength } = headers;
      if (refusal) this.#refuse(refusal, req, res, { route, requestId, expectsContinue, contentLength });
      return;
    }
    if (expectsContinue) res.writeContinue();
    const jsonBytes = headers.jsonLength === undefined ? undefined : Number(headers.jsonLength);
    new InferCall(this.#context, route, terms, requestId, jsonBytes, res).receive(req);
  }

  /** What can be said against a request before its body has come. */
  #refusal(headers: RequestHeaders, route: VersionRoute, terms: CallTerms): Refusal | undefined {
    const { maxBodyBytes, maxRequestTimeoutMs, dispatcher } = this.#context.options;
    if (headers.fault) return { ...headers.fault, endsConnection: true };
    if (!isServedMedia(headers.contentType)) {
      const message = `content-type "${headers.contentType}" is not served; send application/json or application/octet-stream`;
      return { code: 'UNSUPPORTED_MEDIA', message };
    }
    if (headers.contentEncoding !== undefined && headers.contentEncoding !== 'identity') {
      const message = `content-encoding "${headers.contentEncoding}" is not served; send it plain`;
      return { code: 'UNSUPPORTED_MEDIA', message };
    }
    if (headers.jsonLength !== undefined && !/^\d{1,10}$/.test(headers.jsonLength)) {
      return { code: 'BAD_REQUEST', message: 'inference-header-content-length is not a number of bytes' };
    }
    const { priority, startedAt, deadlineAt } = terms;
    if (deadlineAt <= startedAt || priority < 0) {
      return { code: 'BAD_REQUEST', message: termsFault(headers, maxRequestTimeoutMs) };
    }
    const announced = headers.contentLength === undefined ? 0 : Number(headers.contentLength);
    if (announced > maxBodyBytes) {
      return {
        code: 'BODY_TOO_LARGE',
        message: `the body has ${announced} bytes; the limit is ${maxBodyBytes}`,
      };
    }
    if (!this.#context.hasRoomFor(route, announced)) {
      route.statistics.onRefused('gateway_full');
      return TOO_MANY_BYTES;
    }
    return dispatcher.refusal(route, terms, announced, startedAt);
  }

  /** Answers before the body was read, and drops what comes of it. */
  #refuse(
    { code, message, endsConnection = false }: Refusal,
    req: IncomingMessage,
    res: ServerResponse,
    about: {
      readonly route: VersionRoute | undefined;
      readonly requestId: string;
      readonly expectsContinue: boolean;
      readonly contentLength: string | undefined;
    },
  ): void {
    const { route, requestId, expectsContinue, contentLength } = about;
    const status = httpStatus(code);
    if (route) route.statistics.onFailed(status);
    else this.#context.unknownModel++;
    if (this.#context.isLogged(status)) {
      this.#context.options.onLog({
        request_id: requestId,
        id_model: route?.id_model ?? '',
        version: route?.version ?? '',
        id_worker: undefined,
        status,
        duration_ms: 0,
        error: message,
      });
    }
    // A client that was refused leave to send will not send. Others are about to, and are heard out for a while.
    replyError(res, code, message, {
      'x-request-id': requestId,
      ...(expectsContinue || endsConnection ? { connection: 'close' } : {}),
    });
    if (endsConnection) (req.socket as ReceivingSocket)[REFUSED] = true;
    // Hearing out a body that has come already, or nearly, costs less than a new connection.
    if (!endsConnection && Number(contentLength) <= SHORT_BODY_BYTES) req.resume();
    else lingerThenCut(req);
  }
}

/** A body that is announced and no longer than this is heard out, whatever the answer. */
const SHORT_BODY_BYTES = 64 * 1024;

function isServedMedia(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType === 'application/json') return true;
  const [media = '', ...parameters] = contentType.toLowerCase().split(';');
  if (media.trim() === 'application/octet-stream') return true;
  if (media.trim() !== 'application/json') return false;
  return parameters.every(
    (one) => !one.trim().startsWith('charset=') || /^charset="?utf-8"?$/.test(one.trim()),
  );
}

function unknown(id_model: string, version: string | undefined): Refusal {
  return { code: 'UNKNOWN_MODEL', message: unknownModel(id_model, version) };
}
