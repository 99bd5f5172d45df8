/** What the table knows of a model version apart from its workers: what is wanted, and what it looks like. */
import type { ModelSignature } from '../oip/tensor.ts';

/**
 * LOADING: workers are starting. READY: at least one answered its test. UNLOADING: workers drain.
 * UNAVAILABLE: not served, `reason` says why. These are the states of Triton's repository index.
 */
export type ModelState = 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE';

/** Names a model version, as rows, records and workers do. */
export interface VersionName {
  readonly id_model: string;
  readonly version: string;
}

export function isSameVersion(a: VersionName, b: VersionName): boolean {
  return a.id_model === b.id_model && a.version === b.version;
}

/** A name for maps and keys; no model's name has a slash. */
export function modelKey(id_model: string, version: string): string {
  return `${id_model}/${version}`;
}

export interface ModelRecord extends VersionName {
  readonly state: ModelState;
  /** Why it is UNAVAILABLE, for people. */
  readonly reason: string;
  readonly platform: string;
  /** Workers wanted. */
  readonly replicas: number;
  /** Rows per run; 0 when the model takes one request at a time. Known once a worker has loaded it. */
  readonly max_batch_size: number;
  readonly max_queue_delay_us: number;
  /** Whether a request may be run twice: one that may not is never sent again once a worker had it. */
  readonly idempotent: boolean;
  /** Known once a worker has loaded it. */
  readonly signature: ModelSignature | undefined;
  /** Somebody unloaded it: no controller that comes to act loads it before it is asked to. */
  readonly unloaded: boolean;
}

/** What a worker that has loaded a version knows of it. */
export interface ModelDescription extends VersionName {
  readonly platform: string;
  readonly max_batch_size: number;
  readonly max_queue_delay_us: number;
  readonly idempotent: boolean;
  readonly signature: ModelSignature;
}

/** The record of a version that a worker serves. */
export function describedModel(before: ModelRecord | undefined, description: ModelDescription): ModelRecord {
  const { id_model, version, platform, max_batch_size, max_queue_delay_us, idempotent, signature } =
    description;
  const fresh = { id_model, version, replicas: 0, unloaded: false };
  return {
    ...(before ?? fresh),
    platform,
    max_batch_size,
    max_queue_delay_us,
    idempotent,
    signature,
    reason: '',
    state: before?.state === 'UNLOADING' ? 'UNLOADING' : 'READY',
  };
}

/** A wish that somebody puts to whichever controller acts: load a model from the repository, or let it go. */
export interface ModelCommand {
  readonly id: string;
  readonly action: 'load' | 'unload';
  readonly id_model: string;
}

/** How long a load or unload may take, in milliseconds: large models take minutes. */
export const COMMAND_TIMEOUT_MS = 300_000;

/** failed: it was tried. unavailable: no controller acts. timed_out: it may still come about. */
export type CommandOutcome = 'done' | 'failed' | 'unavailable' | 'timed_out';

/** How a command ended. */
export interface CommandResult {
  readonly id: string;
  readonly outcome: CommandOutcome;
  /** Why, where it is not done. */
  readonly message: string;
}
