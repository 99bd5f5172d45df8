/** What is done to one of four workers, and undone. */
import type { BreakableWorker } from './workers.ts';

export const FAULT_NAMES = ['kill', 'stop', 'mute', 'errors'] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** A supervisor that starts a worker anew does so after this. */
const RESTART_AFTER_MS = 1_000;

export interface Scene {
  readonly victim: BreakableWorker;
  /** How long the fault is to last. */
  readonly lastsMs: number;
  /** Notes that it is struck, now. */
  struck(): void;
  wait(ms: number): Promise<void>;
  /** Starts another in the victim's place, and resolves when it is there. */
  replace(): Promise<void>;
}

export interface Fault {
  readonly title: string;
  run(scene: Scene): Promise<void>;
}

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  kill: {
    title: 'kill -9, another after 1 s',
    async run({ victim, lastsMs, struck, wait, replace }) {
      victim.process.child.kill('SIGKILL');
      struck();
      const rest = wait(lastsMs);
      await wait(RESTART_AFTER_MS);
      await replace();
      await rest;
    },
  },
  stop: {
    title: 'SIGSTOP',
    async run({ victim, lastsMs, struck, wait }) {
      victim.process.child.kill('SIGSTOP');
      struck();
      await wait(lastsMs);
      victim.process.child.kill('SIGCONT');
    },
  },
  mute: { title: 'never answers', run: (scene) => misbehave('mute', scene) },
  errors: { title: 'answers 500 at once', run: (scene) => misbehave('fails', scene) },
};

async function misbehave(how: 'mute' | 'fails', { victim, lastsMs, struck, wait }: Scene): Promise<void> {
  await victim.behave(how);
  struck();
  await wait(lastsMs);
  await victim.behave('serves');
}
