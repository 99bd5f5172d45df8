/** The door of the data path: refuses what can be refused before its body has come, and lets the rest in. */
import { httpStatus } from './http-status.ts';
import { type CallTerms, InferCall } from './infer-call.ts';
import type { InferClient } from './infer-client.ts';
import { type InferContext, type Refusal, TOO_MANY_BYTES } from './infer-context.ts';
import type { VersionRoute } from './model-route.ts';
import { unknownModel } from './reply.ts';
import type { RequestHeaders } from './request-headers.ts';
import { priorityOf, termsFault, timeoutOf } from './request-terms.ts';

export class InferHandler {
  readonly #context: InferContext;

  constructor(context: InferContext) {
    this.#context = context;
  }

  /**
   * Takes a request whose head has come.
   * @returns what is to be given its body; undefined when it is refused, of which the client has been told
   */
  begin(
    headers: RequestHeaders,
    id_model: string,
    version: string | undefined,
    client: InferClient,
  ): InferCall | undefined {
    const requestId = this.#context.options.requestIds.of(headers.requestId);
    const { fleet, requestTimeoutMs, maxRequestTimeoutMs, now } = this.#context.options;
    const route = fleet.find(id_model, version);
    const timeoutMs = timeoutOf(headers, requestTimeoutMs, maxRequestTimeoutMs) ?? 0;
    const priority = priorityOf(headers) ?? -1;
    const startedAt = now();
    const terms = { version, priority, timeoutMs, startedAt, deadlineAt: startedAt + timeoutMs };
    const refusal = route ? this.#refusal(headers, route, terms) : unknown(id_model, version);
    if (!route || refusal) {
      if (refusal) this.#refuse(refusal, route, requestId, client);
      return undefined;
    }
    const jsonBytes = headers.jsonLength === undefined ? undefined : Number(headers.jsonLength);
    return new InferCall(this.#context, route, terms, requestId, jsonBytes, client);
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

  /** Answers before the body was read. */
  #refuse(refusal: Refusal, route: VersionRoute | undefined, requestId: string, client: InferClient): void {
    const { code, message, endsConnection = false } = refusal;
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
    client.error(code, message, requestId, endsConnection);
  }
}

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
