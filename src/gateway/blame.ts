/** When it is the worker that is at fault, and not the request (ADR 9). */
import type { WorkerError } from '../channel/messages.ts';

/** A worker is at fault that is silent for this long, and for so many times what another took. */
const OUTRUN_MS = 700;
const OUTRUN_RATIO = 10;
/** One that is on trial is given less time. */
const TRIAL_OUTRUN_MS = 150;

/**
 * Whether a worker's silence is its own fault, as another has answered what it holds.
 * @param stalledMs since when it has answered nothing @param otherMs that the other took
 */
export function isOutrun(stalledMs: number, otherMs: number, onTrial: boolean): boolean {
  return stalledMs >= (onTrial ? TRIAL_OUTRUN_MS : OUTRUN_MS) && stalledMs >= OUTRUN_RATIO * otherMs;
}

/** Whether an error may lie with the worker, so that another may do better. */
export function mayBeTheWorkers({ code }: WorkerError): boolean {
  return code === 'INFERENCE_FAILED' || code === 'INTERNAL';
}
