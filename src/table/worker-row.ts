/** A row of the process control table, and the legal changes of its status. */

export const WORKER_STATUSES = ['INACTIVE', 'ACTIVE', 'UPDATING', 'ERROR'] as const;

/**
 * INACTIVE: registered, takes nothing. ACTIVE: takes new requests. UPDATING: drains, then is removed.
 * ERROR: silent or failing, takes nothing until it answers again.
 */
export type WorkerStatus = (typeof WORKER_STATUSES)[number];

/** What a worker says of itself when it registers. */
export interface WorkerRegistration {
  /** Unique per process incarnation: a restarted worker is a new row. See {@link newWorkerId}. */
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  /** URL whose scheme names the channel driver, such as `turntable+unix:///run/t/w.sock`. */
  readonly endpoint: string;
  /** Requests it can usefully hold at once: what runs and what waits for the next batch. */
  readonly slots: number;
  readonly node: string;
  readonly pid: number;
  /** Whether a controller keeps it, and replaces it when it dies; not so when somebody started it by hand. */
  readonly supervised: boolean;
  /** Digest of the model's file and configuration as it loaded them. */
  readonly revision: string;
  /** Share of the requests that it takes where gateways balance by weight: a whole number from 1 to 1000. */
  readonly weight: number;
}

/** Fields of the published Table I, and what the decisions need beside them. */
export interface WorkerRow extends WorkerRegistration {
  readonly status: WorkerStatus;
  /** Requests in flight there: the sum of what each live gateway last said. */
  readonly current_requests: number;
  /** Exponentially weighted mean of service latency over the live gateways, in milliseconds. */
  readonly avg_latency_ms: number;
  /** When it last gave a sign of life: milliseconds since the epoch by the table's clock. */
  readonly last_activity: number;
  readonly registered_at: number;
  /** Requests that ended there with an error of the worker's own making. */
  readonly error_count: number;
  readonly rss_bytes: number;
  /** Why it has its status, for people; empty when nothing is wrong. */
  readonly reason: string;
}

const LEGAL: Readonly<Record<WorkerStatus, readonly WorkerStatus[]>> = {
  INACTIVE: ['ACTIVE'],
  ACTIVE: ['UPDATING', 'ERROR'],
  UPDATING: [],
  ERROR: ['ACTIVE'],
};

/** Whether a worker may go from one status to the other (promise CT2). */
export function isLegalTransition(from: WorkerStatus, to: WorkerStatus): boolean {
  return LEGAL[from].includes(to);
}

/**
 * Whether a row of this status may be removed. An ACTIVE row may not: it must drain (UPDATING) or be
 * declared dead (ERROR) first, so that no gateway loses a worker that it may be sending to unawares.
 */
export function isRemovable(status: WorkerStatus): boolean {
  return status !== 'ACTIVE';
}
