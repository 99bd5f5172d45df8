/** CPU time of the threads of a process, read from /proc (Linux only). */
import { readdirSync, readFileSync } from 'node:fs';

/** In ticks, see `TICK_US`. */
export interface ThreadTicks {
  readonly name: string;
  readonly user: number;
  readonly system: number;
}

/** By thread id. */
export function readThreads(pid: number): ReadonlyMap<number, ThreadTicks> {
  const threads = new Map<number, ThreadTicks>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
    } catch {
      // It ended between the listing and the reading.
      continue;
    }
    const close = stat.lastIndexOf(')');
    const fields = stat.slice(close + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    threads.set(Number(tid), {
      name: stat.slice(stat.indexOf('(') + 1, close),
      ...{ user: field(14), system: field(15) },
    });
  }
  return threads;
}

/** What each thread took between two readings; one that is new took all it has. */
export function threadsBetween(
  before: ReadonlyMap<number, ThreadTicks>,
  after: ReadonlyMap<number, ThreadTicks>,
): ReadonlyMap<number, ThreadTicks> {
  return new Map(
    [...after].map(([tid, { name, user, system }]) => {
      const { user: userBefore, system: systemBefore } = before.get(tid) ?? { user: 0, system: 0 };
      return [tid, { name, user: user - userBefore, system: system - systemBefore }] as const;
    }),
  );
}
