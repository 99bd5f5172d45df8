/** What is done to workers, and undone. */
import { once } from 'node:events';
import type { Behaviour } from '../../test/support/timed-service.ts';
import type { FaultWorker } from './fault-fleet.ts';
import type { WorkerFaultName } from './options.ts';

/** A supervisor that starts a worker anew does so after this. */
const RESTART_AFTER_MS = 1_000;
const STOPPED_MS = 5_000;

/** What a fault has to work with. The first worker is the one that is struck where one is. */
export interface Scene {
  readonly workers: readonly FaultWorker[];
  /** How long it is to last. */
  readonly lastsMs: number;
  /** Notes that these are struck, now. */
  struck(...victims: readonly FaultWorker[]): void;
  /** Notes that what was broken is mended, now. */
  mended(): void;
  wait(ms: number): Promise<void>;
  /** Resolves when one more worker is ACTIVE. */
  startAnother(): Promise<void>;
  /** The network to the first worker. */
  cut(): Promise<void>;
  heal(): Promise<void>;
}

export interface WorkerFault {
  readonly title: string;
  /** Whether one worker alone is struck: then nothing is to fail. */
  readonly single: boolean;
  /** Which limit its detection is to keep. */
  readonly detect: 'dead' | 'silent' | 'none';
  /** Whether the first worker is reached through a network that can be cut. */
  readonly needsCut?: boolean;
  /** Whether the first worker can tell which requests came to it all the while. */
  readonly tells?: boolean;
  /** Relative to that of the others. */
  readonly length?: number;
  run(scene: Scene): Promise<void>;
}

const die = async (count: number, { workers, struck, wait, startAnother, mended }: Scene) => {
  const victims = workers.slice(0, count);
  for (const { process } of victims) process.child.kill('SIGKILL');
  struck(...victims);
  await wait(RESTART_AFTER_MS);
  await Promise.all(victims.map(startAnother));
  mended();
};

const misbehave = async (how: Behaviour, { workers: [victim], lastsMs, struck, wait, mended }: Scene) => {
  if (!victim) return;
  struck(victim);
  await victim.tell({ behave: how });
  await wait(lastsMs);
  mended();
  await victim.tell({ behave: 'serves' });
};

export const FAULTS: Readonly<Record<WorkerFaultName, WorkerFault>> = {
  kill: { title: 'kill -9 of one of four', single: true, detect: 'dead', run: (scene) => die(1, scene) },
  stop: {
    ...{ title: 'SIGSTOP of one, for 5 s', single: true, detect: 'silent' },
    async run({ workers: [victim], struck, wait, mended }) {
      if (!victim) return;
      victim.process.child.kill('SIGSTOP');
      struck(victim);
      await wait(STOPPED_MS);
      mended();
      victim.process.child.kill('SIGCONT');
    },
  },
  slow: {
    ...{ title: 'one takes ten times as long', single: true, detect: 'none', tells: true },
    run: (scene) => misbehave('slow', scene),
  },
  errors: {
    ...{ title: 'one answers errors at once', single: true, detect: 'none', tells: true },
    run: (scene) => misbehave('fails', scene),
  },
  mute: {
    ...{ title: 'one accepts and never answers', single: true, detect: 'silent', tells: true },
    run: (scene) => misbehave('mute', scene),
  },
  cut: {
    ...{ title: 'network cut to one', single: true, detect: 'silent', needsCut: true },
    async run({ workers: [victim], lastsMs, struck, wait, mended, cut, heal }) {
      if (!victim) return;
      await cut();
      struck(victim);
      await wait(lastsMs);
      mended();
      await heal();
    },
  },
  'kill-half': {
    ...{ title: 'kill -9 of two of four', single: false, detect: 'dead' },
    run: (scene) => die(2, scene),
  },
  'restart-all': {
    ...{ title: 'restart of all, one by one', single: false, detect: 'none', length: 2 },
    async run({ workers, startAnother, struck, mended }) {
      struck();
      for (const { process } of workers) {
        const ended = once(process.child, 'exit');
        process.child.kill('SIGTERM');
        await ended;
        await startAnother();
      }
      mended();
    },
  },
};
