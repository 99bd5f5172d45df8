/** Kills one worker after the other, by chance, and notes when each was replaced. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readWorkers } from '../support/read-metrics.ts';

export interface KillSample {
  readonly id_worker: string;
  /** Since the load began. */
  readonly at_ms: number;
  /** From then until as many workers as before were ACTIVE; null: not before the end. */
  readonly replaced_after_ms: number | null;
}

export interface KillOptions {
  readonly origin: string;
  readonly workers: number;
  readonly random: () => number;
  /** Since the load began. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const POLL_MS = 100;
const GIVE_UP_MS = 30_000;

/** Resolves when the worker that was killed is replaced, or is not in half a minute. */
export async function killOne({ origin, workers, random, now, signal }: KillOptions): Promise<KillSample> {
  const active = await activeWorkers(origin, signal);
  const victim = active[Math.floor(random() * active.length)];
  if (!victim) throw new Error('there is no worker to kill');
  const at_ms = now();
  process.kill(victim.pid, 'SIGKILL');
  while (now() < at_ms + GIVE_UP_MS) {
    await sleep(POLL_MS, undefined, { signal });
    const left = await activeWorkers(origin, signal);
    if (left.length === workers && left.every(({ id_worker }) => id_worker !== victim.id_worker))
      return { id_worker: victim.id_worker, at_ms, replaced_after_ms: now() - at_ms };
  }
  return { id_worker: victim.id_worker, at_ms, replaced_after_ms: null };
}

async function activeWorkers(origin: string, signal: AbortSignal) {
  const workers = await readWorkers(origin, signal);
  return workers.filter(({ status }) => status === 'ACTIVE');
}
