/** How many connections the processes of this benchmark may hold. */
import { readFileSync } from 'node:fs';

/** For listeners, files, channels and what else a process has open. */
const SPARE_FILES = 1_000;

/** Node raises its own limit to the hard one as it starts, and all that we start inherits that. */
export function mostConnections(): number {
  const limit = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(limit) - SPARE_FILES;
}
