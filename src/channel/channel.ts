/** The port between a gateway and one worker, whatever protocol its endpoint speaks. */
import type { WorkerError, WorkerTimings } from './messages.ts';

/** A request body that is forwarded as it came; it must not be changed while the request is under way. */
export interface ChannelRequest {
  readonly body: readonly Buffer[];
  readonly bodyBytes: number;
  /** Bytes of JSON before the binary tensors; undefined when the body is JSON from end to end. */
  readonly jsonBytes: number | undefined;
  readonly timeoutMs: number;
}

export interface ChannelResponse {
  readonly body: readonly Buffer[];
  readonly bodyBytes: number;
  readonly jsonBytes: number | undefined;
  readonly timings: WorkerTimings;
}

/** Why a request got no answer from this worker, though it may from another. */
export type ChannelFailure =
  /** Not accepted and nothing done. */
  | 'busy'
  /** The connection ended; whether the worker had begun is not known. */
  | 'lost'
  /** The worker stopped answering pings. */
  | 'unresponsive';

/** Where the outcome of a request goes; exactly one of the calls comes, unless the request is cancelled. */
export interface ResponseSink {
  onResponse(response: ChannelResponse): void;
  /** The worker answered, with an error. */
  onError(error: WorkerError): void;
  onFailure(failure: ChannelFailure): void;
}

/**
 * connecting: no connection yet, or none any more. open: takes requests. unresponsive: connected, but pings
 * are not answered. draining: finishes what it has. closed: for good.
 */
export type ChannelState = 'connecting' | 'open' | 'unresponsive' | 'draining' | 'closed';

export interface Channel {
  readonly state: ChannelState;
  /** Requests under way here. */
  readonly inFlight: number;
  /** Whether its answers say how long they waited at the worker; else that is judged by requests that were alone. */
  readonly tellsQueue: boolean;
  /** Whether requests are to be sent one at a time just now, so that it learns what one takes. */
  readonly wantsAlone: boolean;
  /** Sends a request; the state must be open. Returns the number to cancel it by. */
  send(request: ChannelRequest, sink: ResponseSink): number;
  /** Nobody wants the answer any more: the sink hears nothing further, the worker is told. */
  cancel(stream: number): void;
  /** Looks after liveness; to be called every {@link TICK_MS} or so. */
  tick(): void;
  close(): void;
}

/** How often {@link Channel.tick} wants to be called, in milliseconds. */
export const TICK_MS = 50;
