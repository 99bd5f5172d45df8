/** Between the channel and the model: decodes requests, batches them, encodes the answers. */
import type { ServerRequest } from '../channel/server-connection.ts';
import type { ModelSignature } from '../oip/tensor.ts';
import { TurntableError } from '../turntable-error.ts';
import type { RunTiming } from './batch-job.ts';
import { Batcher } from './batcher.ts';
import type { InferenceSession } from './inference-session.ts';
import { decodeRequest, type InferRequest } from './oip/decode-request.ts';
import { encodeResponse } from './oip/encode-response.ts';
import { InvalidRequest } from './oip/invalid-request.ts';

export interface ModelServerOptions {
  readonly model: { readonly name: string; readonly version: string };
  readonly session: InferenceSession;
  readonly signature: ModelSignature;
  readonly maxBatchRows: number;
  readonly maxDelayMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class ModelServer {
  readonly #options: ModelServerOptions;
  readonly #batcher: Batcher;

  constructor(options: ModelServerOptions) {
    this.#options = options;
    this.#batcher = new Batcher(options);
  }

  handle(request: ServerRequest): void {
    const { now, signature } = this.#options;
    const receivedAt = now();
    let infer: InferRequest;
    try {
      infer = decodeRequest(request.body, request.head.jsonBytes, signature);
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error;
      request.fail({ code: 'INVALID_REQUEST', message: error.message });
      return;
    }
    const arrivedAt = now();
    this.#batcher.add({
      inputs: infer.inputs,
      rows: infer.rows,
      outputs: infer.outputs.map((output) => output.index),
      arrivedAt,
      deadline: receivedAt + timeoutMsOf(request.head.timeoutMs, infer.timeoutUs),
      isCancelled: () => request.cancelled,
      onDone: (outputs, timing) => this.#respond(request, infer, outputs, arrivedAt - receivedAt, timing),
      onFailed: (reason, error) => request.fail(failure(reason, error)),
    });
  }

  #respond(
    request: ServerRequest,
    infer: InferRequest,
    outputs: Parameters<typeof encodeResponse>[1],
    decodeMs: number,
    timing: RunTiming,
  ): void {
    const { now, signature, model } = this.#options;
    const start = now();
    // The encoder finds outputs by their place in the signature.
    const inPlace = new Array<(typeof outputs)[number]>(signature.outputs.length);
    for (const [i, wanted] of infer.outputs.entries()) {
      inPlace[wanted.index] = outputs[i] as (typeof outputs)[number];
    }
    let encoded: ReturnType<typeof encodeResponse>;
    try {
      encoded = encodeResponse(infer, inPlace, signature, model);
    } catch (error) {
      if (!(error instanceof TurntableError)) throw error;
      request.fail({ code: 'NOT_REPRESENTABLE', message: error.message });
      return;
    }
    request.respond(encoded.body, encoded.jsonLength, {
      queueUs: timing.queueMs * 1000,
      decodeUs: decodeMs * 1000,
      inferUs: timing.inferMs * 1000,
      encodeUs: (now() - start) * 1000,
      rows: infer.rows,
      batchRows: timing.batchRows,
    });
  }
}

/** The shorter of the two times, of which 0 is without end. */
function timeoutMsOf(channelMs: number, bodyUs: number): number {
  const ownMs = bodyUs > 0 ? bodyUs / 1000 : Number.POSITIVE_INFINITY;
  return channelMs > 0 ? Math.min(channelMs, ownMs) : ownMs;
}

function failure(reason: 'deadline' | 'inference', error: unknown) {
  if (reason === 'deadline') {
    return {
      code: 'DEADLINE_EXCEEDED',
      message: 'the time for this request is over, or would be before it could be answered',
    } as const;
  }
  return { code: 'INFERENCE_FAILED', message: `the model failed: ${(error as Error).message}` } as const;
}
