/** How large a part of the time threads were in the midst of something, by the kernel's account (Linux only). */
import { readFileSync } from 'node:fs';
import type { ThreadId } from './probe-client.ts';

interface Account {
  /** Milliseconds, monotonic. */
  readonly at: number;
  /** It ran, and it could have and had no processor, milliseconds. */
  readonly ranMs: number;
  readonly waitedMs: number;
  /** How often it went to sleep, and how often it was made to wait for others. */
  readonly sleeps: number;
  readonly preemptions: number;
}

/**
 * Begins to watch threads; what is returned ends it, and gives by thread the part of the time in which it ran, or had run
 * and waited to go on. Not that in which it had been woken and waited to begin: to a profiler that is idleness, and it
 * takes no processor's time. The account does not tell the two waits apart; they are held to be equally long.
 */
export function watchBusy(threads: readonly ThreadId[]): () => ReadonlyMap<number, number> {
  const before = threads.map(read);
  return () =>
    new Map(
      threads.map((thread, index) => [thread.tid, shareBetween(before[index]!, read(thread))] as const),
    );
}

function read({ pid, tid }: ThreadId): Account {
  const place = `/proc/${pid}/task/${tid}`;
  const [ranNs, waitedNs] = readFileSync(`${place}/schedstat`, 'utf8').split(' ').map(Number);
  const status = readFileSync(`${place}/status`, 'utf8');
  const switches = (kind: string) =>
    Number(new RegExp(`^${kind}_ctxt_switches:\\s*(\\d+)$`, 'm').exec(status)?.[1]);
  return {
    ...{ at: performance.now(), ranMs: ranNs! / 1e6, waitedMs: waitedNs! / 1e6 },
    ...{ sleeps: switches('voluntary'), preemptions: switches('nonvoluntary') },
  };
}

function shareBetween(before: Account, after: Account): number {
  const preemptions = after.preemptions - before.preemptions;
  const waits = preemptions + after.sleeps - before.sleeps;
  const waitedMs = (after.waitedMs - before.waitedMs) * (waits === 0 ? 0 : preemptions / waits);
  return (after.ranMs - before.ranMs + waitedMs) / (after.at - before.at);
}
