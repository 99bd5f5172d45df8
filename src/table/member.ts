/** Who else takes part: the gateways that state their load, and the controllers, of which one acts. */

/** Where a process of ours runs, for people. */
export interface ProcessIdentity {
  readonly node: string;
  readonly pid: number;
}

export interface GatewayRow extends ProcessIdentity {
  /** Unique per process incarnation. */
  readonly id_gateway: string;
  /** Where it listens, such as `http://10.0.0.5:8080`. */
  readonly address: string;
  /** When it last stated its load, by the table's clock, milliseconds since the epoch. */
  readonly last_activity: number;
}

export interface ControllerRow extends ProcessIdentity {
  /** Unique per process incarnation. */
  readonly id_controller: string;
  /** Whether it holds the lease; at most one does. */
  readonly acting: boolean;
  /** When it last gave a sign of life, by the table's clock, milliseconds since the epoch. */
  readonly last_activity: number;
}

/** A controller that would act. */
export type Candidate = Pick<ControllerRow, 'id_controller' | 'node' | 'pid'>;

/** A candidate's standing. */
export interface Leadership {
  /** Whether it acts now. */
  readonly acting: boolean;
  /** Stands no more; another may act at once. */
  resign(): Promise<void>;
}

/**
 * Told when a candidate comes to act, with the number of its term, and when it ceases to, with undefined. Terms count up
 * over all candidates: two of the same candidate's in a row had nobody's between them.
 */
export type TermListener = (term: number | undefined) => void;

/** How long a gateway or a controller counts as alive after it last spoke, in milliseconds. */
export const MEMBER_TTL_MS = 3_000;
