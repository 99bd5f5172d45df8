/** A child process in a group of its own, which never outlives this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than a graceful server needs to drain with no request in flight. */
const STOP_TIMEOUT_MS = 10_000;

export interface OwnedProcess extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Throws, with the end of its log, when the process has ended. */
  assertRunning(): void;
  /** The next message over its channel; throws when the process ends instead. */
  nextMessage(signal: AbortSignal): Promise<unknown>;
}

const livingGroups = new Set<number>();
process.on('exit', () => {
  for (const pid of livingGroups) killGroup(pid);
});

/**
 * Starts a program with its output in `logFile`. Being in its own group, it does not get the
 * terminal's Ctrl-C: the benchmark decides the order in which things stop. With `ipc` it has a channel to us.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  { logFile, ipc = false }: { logFile: string; ipc?: boolean },
): Promise<OwnedProcess> {
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, {
    detached: true,
    stdio: ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
  });
  closeSync(log);
  await once(child, 'spawn');
  const pid = child.pid!;
  livingGroups.add(pid);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const assertRunning = () => {
    if (!hasEnded()) return;
    const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
    throw new Error(`${command} ${args.join(' ')} ended (${child.exitCode ?? child.signalCode}):\n${tail}`);
  };

  return {
    pid,
    child,
    assertRunning,
    async nextMessage(signal) {
      const settled = new AbortController();
      const until = { signal: AbortSignal.any([signal, settled.signal]) };
      try {
        const [message] = await Promise.race([once(child, 'message', until), once(child, 'exit', until)]);
        assertRunning();
        return message;
      } finally {
        settled.abort();
      }
    },
    async [Symbol.asyncDispose]() {
      if (!hasEnded()) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      }
      // Also sweeps up what a process that was killed left behind.
      killGroup(pid);
      livingGroups.delete(pid);
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is empty.
  }
}
