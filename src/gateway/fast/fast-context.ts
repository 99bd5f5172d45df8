/** What all connections on the fast path share. */
import type { Socket } from 'node:net';
import type { InferHandler } from '../infer-handler.ts';
import type { RouteMatch } from '../router.ts';
import type { FastHead } from './read-head.ts';

export interface FastLimits {
  readonly headersTimeoutMs: number;
  readonly receiveTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly stalledMs: number;
}

export interface FastFrontOptions {
  readonly infer: InferHandler;
  /** The model and version that a request target names, for those that were seen before; undefined for others. */
  readonly routeOf: (target: string) => RouteMatch | undefined;
  readonly limits: FastLimits;
  /** Gives a connection to the HTTP server, which is to read `bytes` first. */
  readonly handOver: (socket: Socket, bytes: Buffer) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface FastContext<Connection> {
  readonly options: FastFrontOptions;
  /** Of the request that is read just now: one serves all, as nothing of it is kept. */
  readonly head: FastHead;
  /** The time of the last look at all connections, monotonic milliseconds: never later than now. */
  readonly coarseNow: number;
  /** Ends of the heads of answers: for connections that stay, and for those that close. */
  readonly keepAliveEnd: string;
  readonly closeEnd: string;
  /** Whether every connection is to end with its next answer. */
  readonly draining: boolean;
  /** A connection has closed, or is another's now. */
  forget(connection: Connection): void;
}
