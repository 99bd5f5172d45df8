/** How large a part of the time threads had something to do, by looking at them now and then (Linux only). */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ThreadId } from './probe-client.ts';

/** Between two looks on average: 800 in 4 s, which tell a half to within 2 %. */
const INTERVAL_MS = 5;

/**
 * By thread: the part of the looks at which it ran, or waited for a processor to run on. Resolves when `until` does.
 * @param random of the intervals, so that they do not go along with a timer of what is looked at
 */
export async function watchBusy(
  threads: readonly ThreadId[],
  until: Promise<unknown>,
  random: () => number,
): Promise<ReadonlyMap<number, number>> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  until.then(over, over);
  const busy = new Map(threads.map(({ tid }) => [tid, 0]));
  let looks = 0;
  while (!isOver) {
    for (const { pid, tid } of threads) {
      if (isRunning(pid, tid)) busy.set(tid, (busy.get(tid) ?? 0) + 1);
    }
    looks++;
    await sleep((0.5 + random()) * INTERVAL_MS);
  }
  return new Map([...busy].map(([tid, count]) => [tid, count / looks]));
}

function isRunning(pid: number, tid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
  return stat[stat.lastIndexOf(')') + 2] === 'R';
}
