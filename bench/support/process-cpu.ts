/** CPU time and memory of process trees, read from /proc (Linux only). */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, the unit of the times in /proc/<pid>/stat, is 100 on every architecture that Node runs on. */
export const TICK_US = 10_000;

interface ProcessEntry {
  readonly parent: number;
  /** User and system time of all threads, in ticks. */
  readonly ownTicks: number;
  /** The same of children that ended and were waited for, and of theirs. */
  readonly reapedTicks: number;
}

/** All processes at one moment. */
export type ProcessTable = ReadonlyMap<number, ProcessEntry>;

export function readProcessTable(): ProcessTable {
  const table = new Map<number, ProcessEntry>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = readOrNull(`/proc/${pid}/stat`);
    if (stat === null) continue;
    // The command name stands in parentheses and may itself hold spaces and parentheses (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    table.set(pid, {
      parent: field(4),
      ownTicks: field(14) + field(15),
      reapedTicks: field(16) + field(17),
    });
  }
  return table;
}

/** The children of a process, their children, and so on, without the process itself. */
export function descendantsOf(table: ProcessTable, root: number): number[] {
  const found: number[] = [];
  for (const [pid, entry] of table) {
    if (entry.parent === root) found.push(pid, ...descendantsOf(table, pid));
  }
  return found;
}

export function ownTicks(table: ProcessTable, pid: number): number {
  return table.get(pid)?.ownTicks ?? 0;
}

/**
 * Ticks of a whole tree. With the reaped time of every member included, a process that dies and is
 * replaced between two readings is still counted in full: its time moves to its parent.
 */
export function treeTicks(table: ProcessTable, root: number): number {
  let ticks = 0;
  for (const pid of [root, ...descendantsOf(table, root)]) {
    const entry = table.get(pid);
    ticks += (entry?.ownTicks ?? 0) + (entry?.reapedTicks ?? 0);
  }
  return ticks;
}

/** Ticks over all processors: spent on work, interrupts included, and withheld by the hypervisor ("steal"). */
export function machineTicks(): { readonly busy: number; readonly stolen: number } {
  const fields = readFileSync('/proc/stat', 'utf8').split(/\s+/, 9).map(Number);
  const [, user, nice, system, , , irq, softirq, stolen] = fields;
  return { busy: user! + nice! + system! + irq! + softirq!, stolen: stolen! };
}

/** Resident memory (VmRSS) in MB of 10^6 bytes. */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1024) / 1e6;
}

/** A process may end between the listing and the reading. */
function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
