/** One scenario as a process of its own, with its progress passed on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';

const BENCH = resolve(import.meta.dirname, '..');
/** A scenario stops all that it started; it does so at once when it is told a second time. */
const PATIENCE_MS = 15_000;
/** Progress that also belongs into the summary: something was left out, or is not to be trusted. */
const NOTICE = /!!!|\b(?:MISSING|SKIPPED|WITHOUT|skipped)\b/;
/** What stands below the error when Node itself reports one. */
const SAYS_NOTHING = /^\s*(?:at .*|Node\.js v.*)?$/;

export interface ScenarioRun {
  /** Null when all is well, else why there is no result. */
  readonly failure: string | null;
  /** Such as which peers were left out. */
  readonly notices: readonly string[];
  readonly seconds: number;
}

interface Order {
  readonly name: string;
  readonly quick: boolean;
  /** For the result. */
  readonly file: string;
  readonly say: (line: string) => void;
}

/** @throws when the signal fires, after the scenario has ended */
export async function runScenario(
  { name, quick, file, say }: Order,
  signal: AbortSignal,
): Promise<ScenarioRun> {
  signal.throwIfAborted();
  const begin = performance.now();
  const args = [resolve(BENCH, `${name}.ts`), '--save', file, ...(quick ? ['--quick'] : [])];
  // In a group of its own, so that a Ctrl-C reaches it once, by us.
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  const stop = () => child.kill('SIGTERM');
  const stopNow = () => stopTwice(child);
  signal.addEventListener('abort', stopNow);
  process.on('exit', stop);
  const notices = new Set<string>();
  let last = '';
  try {
    for await (const line of createInterface({ input: child.stderr })) {
      say(`    ${line}`);
      if (!SAYS_NOTHING.test(line)) last = line.trim();
      if (NOTICE.test(line)) notices.add(line.trim());
    }
    const [code, killedBy] = (await ended) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    const failure = code === 0 ? null : `${killedBy ?? `exit code ${code}`}: ${last}`;
    return { failure, notices: [...notices], seconds: (performance.now() - begin) / 1_000 };
  } finally {
    process.off('exit', stop);
    signal.removeEventListener('abort', stopNow);
  }
}

function stopTwice(child: ChildProcess): void {
  child.kill('SIGTERM');
  const again = setTimeout(() => child.kill('SIGTERM'), PATIENCE_MS);
  child.once('close', () => clearTimeout(again));
}
