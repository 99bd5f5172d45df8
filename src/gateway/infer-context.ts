/** What all inference requests of a gateway share: where they go, their bounds, and what they hold together. */
import { hasFairRoom } from '../admission/fair-share.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Fleet } from './fleet.ts';
import type { HttpErrorCode } from './http-status.ts';
import type { VersionRoute } from './model-route.ts';
import type { RequestIds } from './request-id.ts';

export interface InferOptions {
  readonly fleet: Fleet;
  readonly dispatcher: Dispatcher;
  readonly requestIds: RequestIds;
  readonly maxBodyBytes: number;
  /** Bytes of request bodies held at once at most, over all requests. */
  readonly maxBufferedBytes: number;
  /** Time that a request has where it does not say so itself, milliseconds. */
  readonly requestTimeoutMs: number;
  /** The most that it may ask for. */
  readonly maxRequestTimeoutMs: number;
  /** How long a request may take to come in; for the message alone, the HTTP server keeps the time. */
  readonly receiveTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly epoch: () => number;
  /** Whether requests that ended well are logged too. */
  readonly accessLog: boolean;
  readonly onLog: (summary: RequestSummary) => void;
}

/** What the log says of a request. */
export interface RequestSummary {
  readonly request_id: string;
  readonly id_model: string;
  readonly version: string;
  readonly id_worker: string | undefined;
  readonly status: number;
  readonly duration_ms: number;
  readonly error: string | undefined;
}

/** Why a request is not taken. */
export interface Refusal {
  readonly code: HttpErrorCode;
  readonly message: string;
  /** Where the request ends is in doubt, so nothing that follows it can be trusted. */
  readonly endsConnection?: boolean;
}

export const TOO_MANY_BYTES: Refusal = {
  code: 'UNAVAILABLE',
  message: 'too many bytes of requests are held; try again soon',
};

export class InferContext {
  readonly options: InferOptions;
  /** Bytes of request bodies that are held now. */
  bufferedBytes = 0;
  /** Requests for models that are not served. */
  unknownModel = 0;

  constructor(options: InferOptions) {
    this.options = options;
  }

  /**
   * Whether so many bytes more of a route's requests may be held. One model alone cannot fill the gateway.
   */
  hasRoomFor(route: VersionRoute, bytes: number): boolean {
    return hasFairRoom(route.heldBytes, bytes, this.bufferedBytes, this.options.maxBufferedBytes);
  }

  /** Notes that a request of a route holds so many bytes more, or fewer. */
  hold(route: VersionRoute, bytes: number): void {
    route.heldBytes += bytes;
    this.bufferedBytes += bytes;
  }

  /** Failures of the service are always logged, all else where an access log is wanted. */
  isLogged(status: number): boolean {
    return status >= 500 || this.options.accessLog;
  }
}
