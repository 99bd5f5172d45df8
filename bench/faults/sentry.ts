/** Watches, all the while, whether the gateway may send requests to certain workers, and notes when that changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultFleet, Standing } from './fault-fleet.ts';
import { epochMs } from './faults-run.ts';

/** A detection is known no closer than this. */
const LOOK_MS = 4;

export interface Turn {
  readonly id_worker: string;
  readonly at_ms: number;
  readonly standing: Standing;
}

export interface Sentry extends AsyncDisposable {
  readonly turns: readonly Turn[];
}

export function postSentry(fleet: FaultFleet, id_workers: readonly string[], signal: AbortSignal): Sentry {
  const turns: Turn[] = [];
  const relieved = new AbortController();
  const until = AbortSignal.any([signal, relieved.signal]);
  const before: Standing[] = id_workers.map(() => null);
  const watch = async () => {
    while (!until.aborted) {
      const standings = await fleet.standings(id_workers);
      const at_ms = epochMs();
      for (const [index, standing] of standings.entries()) {
        if (standing !== before[index]) turns.push({ id_worker: id_workers[index]!, at_ms, standing });
        before[index] = standing;
      }
      await sleep(LOOK_MS, undefined, { signal: until }).catch(() => {});
    }
  };
  const watching = watch();
  // Heard of when it is relieved.
  watching.catch(() => {});
  return {
    turns,
    async [Symbol.asyncDispose]() {
      relieved.abort();
      await watching;
    },
  };
}
